"""The scenes above the charts of Panda and Caviar."""

"""What is open in this process: runs, searches and labs, by token."""

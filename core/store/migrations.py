"""The tables of the store, version by version.

Each entry of `MIGRATIONS` leads from one version of the file to the next; those that were released are never changed.
"""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY,            -- the read-only token
        owner TEXT NOT NULL,            -- SHA-256 of the owner's token
        key TEXT NOT NULL UNIQUE,       -- SHA-256 of the token that drives this run
        name TEXT NOT NULL,
        spec TEXT NOT NULL,
        settings TEXT NOT NULL,         -- that it began with
        line TEXT NOT NULL,             -- the one in hand
        twins INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        changed REAL NOT NULL,
        deleted REAL
    );
    CREATE INDEX runs_of_owner ON runs (owner, changed);
    CREATE TABLE lines (
        id TEXT PRIMARY KEY,
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        parent TEXT,
        forked_at INTEGER NOT NULL DEFAULT 0,
        name TEXT NOT NULL DEFAULT '',
        step INTEGER NOT NULL DEFAULT 0,
        best REAL,
        dev REAL,
        accuracy REAL,
        curve TEXT NOT NULL DEFAULT '[[], []]',
        created REAL NOT NULL
    );
    CREATE INDEX lines_of_run ON lines (run);
    CREATE TABLE nudges (
        line TEXT NOT NULL REFERENCES lines (id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        nudge TEXT NOT NULL,
        PRIMARY KEY (line, place)
    ) WITHOUT ROWID;
    CREATE TABLE snapshots (
        line TEXT NOT NULL REFERENCES lines (id) ON DELETE CASCADE,
        step INTEGER NOT NULL,
        nudges INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (line, step)
    );
    CREATE TABLE tables (
        name TEXT NOT NULL,
        owner TEXT NOT NULL,
        title TEXT NOT NULL,
        bytes BLOB NOT NULL,
        created REAL NOT NULL,
        PRIMARY KEY (name, owner)
    );
    """,
    """
    CREATE TABLE searches (
        id TEXT PRIMARY KEY,            -- the read-only token
        owner TEXT NOT NULL,            -- SHA-256 of the owner's token
        key TEXT NOT NULL UNIQUE,       -- SHA-256 of the token that drives this search
        name TEXT NOT NULL DEFAULT '',
        about TEXT NOT NULL,            -- what is searched, as a list says it where there is no name
        dataset TEXT NOT NULL,
        origin TEXT NOT NULL DEFAULT '',  -- the token of the run from which the models go on
        started REAL,                   -- when it was first played
        created REAL NOT NULL,
        changed REAL NOT NULL,
        deleted REAL
    );
    CREATE INDEX searches_of_owner ON searches (owner, changed);
    CREATE TABLE generations (
        search TEXT NOT NULL REFERENCES searches (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        plan TEXT NOT NULL,             -- with its points
        steps TEXT NOT NULL,            -- at which the models are measured
        models INTEGER NOT NULL,
        best REAL,
        done INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (search, number)
    );
    CREATE TABLE trials (
        search TEXT NOT NULL,
        generation INTEGER NOT NULL,
        number INTEGER NOT NULL,
        state TEXT NOT NULL,
        step INTEGER NOT NULL,
        loss REAL,
        best REAL,
        accuracy REAL,
        losses TEXT NOT NULL,           -- at the measured steps, as far as it came
        accuracies TEXT NOT NULL,
        why TEXT NOT NULL,
        fingerprint TEXT NOT NULL,      -- where it is known without training the model again
        PRIMARY KEY (search, generation, number),
        FOREIGN KEY (search, generation) REFERENCES generations (search, number) ON DELETE CASCADE
    );
    """,
    """
    ALTER TABLE searches ADD COLUMN contest TEXT NOT NULL DEFAULT '';  -- its first two generations under many seeds
    ALTER TABLE generations ADD COLUMN farmed INTEGER NOT NULL DEFAULT 0;  -- to Dask workers: each model for itself
    CREATE TABLE standings (            -- how far a generation is that is not done
        search TEXT NOT NULL,
        generation INTEGER NOT NULL,
        bytes BLOB NOT NULL,            -- empty where it would be too large
        written REAL NOT NULL,
        PRIMARY KEY (search, generation),
        FOREIGN KEY (search, generation) REFERENCES generations (search, number) ON DELETE CASCADE
    );
    """,
    """
    ALTER TABLE searches ADD COLUMN region TEXT NOT NULL DEFAULT '';  -- that is selected, and of which generation
    """,
    """
    ALTER TABLE lines ADD COLUMN source TEXT;  -- the line with whose journal it begins
    ALTER TABLE lines ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;  -- with how many nudges of it
    CREATE INDEX lines_of_source ON lines (source);
    UPDATE lines SET source = parent, shared = coalesce(
        (SELECT min(own.place) FROM nudges AS own
            LEFT JOIN nudges AS other ON other.line = lines.parent AND other.place = own.place
            WHERE own.line = lines.id AND other.nudge IS NOT own.nudge),
        (SELECT count(*) FROM nudges WHERE line = lines.id)) WHERE parent IS NOT NULL;
    DELETE FROM nudges WHERE place < (SELECT shared FROM lines WHERE lines.id = nudges.line);
    """,
)

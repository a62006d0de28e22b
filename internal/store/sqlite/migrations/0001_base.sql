-- The trail of every record, one row an entry. Appended to in the transaction that writes the record.
CREATE TABLE trail (
    kind    TEXT    NOT NULL,
    id      TEXT    NOT NULL,
    version INTEGER NOT NULL, -- the record's version after the write that the entry describes
    entry   TEXT    NOT NULL, -- canonical JSON
    PRIMARY KEY (kind, id, version)
) STRICT, WITHOUT ROWID;

-- Leases of background jobs.
CREATE TABLE lease (
    name       TEXT    NOT NULL PRIMARY KEY,
    owner      TEXT    NOT NULL,
    token      INTEGER NOT NULL,
    expires    INTEGER NOT NULL, -- milliseconds since 1970, UTC
    generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

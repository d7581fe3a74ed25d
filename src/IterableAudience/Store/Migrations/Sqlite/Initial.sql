-- The lean tables: what a sync moves by the million. Written set-based, never through a change tracker.
-- Blobs begin with a version byte; Syncs/Staging and Syncs/Plan say what is in them. Numbers (sync, list, connection) are the "No" of the
-- entities. Hashes are 64-bit keyed hashes; whoever is kept or removed is confirmed by the stored value, never by a hash alone.

-- Staged records of a sync. part: slice of the key-hash space (0 when the sync is small); seq: order of arrival within it.
CREATE TABLE chunk (
  sync INTEGER NOT NULL, part INTEGER NOT NULL, seq INTEGER NOT NULL, records INTEGER NOT NULL, blob BLOB NOT NULL,
  PRIMARY KEY (sync, part, seq));

-- What planning decided for each record of a chunk; outcomes: a bit per outcome that occurs in it, set when the sync is closed.
CREATE TABLE verdict (
  sync INTEGER NOT NULL, part INTEGER NOT NULL, seq INTEGER NOT NULL, outcomes INTEGER NOT NULL, blob BLOB NOT NULL,
  PRIMARY KEY (sync, part, seq));

-- A byte per operation of a part: the stage it is sent in (255: none).
CREATE TABLE plan_part (
  sync INTEGER NOT NULL, part INTEGER NOT NULL, stages BLOB NOT NULL,
  PRIMARY KEY (sync, part));

-- Operations, up to 1000 a batch, in key-hash order so that the ledger is written in its own order.
-- ords: (part, ord) of each operation, six bytes each, ascending.
CREATE TABLE batch (
  sync INTEGER NOT NULL, stage INTEGER NOT NULL, n INTEGER NOT NULL, operations INTEGER NOT NULL,
  first_part INTEGER NOT NULL, last_part INTEGER NOT NULL, ords BLOB NOT NULL, blob BLOB NOT NULL,
  PRIMARY KEY (sync, stage, n));

-- The answer to a batch: its presence says that the batch is done. blob: outcome and reason, two bytes an operation.
CREATE TABLE result (
  sync INTEGER NOT NULL, stage INTEGER NOT NULL, n INTEGER NOT NULL, number INTEGER NOT NULL,
  attempts INTEGER NOT NULL, http_status INTEGER NOT NULL, at INTEGER NOT NULL, blob BLOB NOT NULL,
  PRIMARY KEY (sync, stage, n));

-- Only operations that did not succeed have a row.
CREATE TABLE failure (
  sync INTEGER NOT NULL, part INTEGER NOT NULL, ord INTEGER NOT NULL, number INTEGER NOT NULL,
  detail TEXT, http_status INTEGER NOT NULL, attempts INTEGER NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (sync, part, ord)) WITHOUT ROWID;

-- Every request that a sync made to Iterable.
CREATE TABLE request (
  id INTEGER PRIMARY KEY AUTOINCREMENT, sync INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, kind INTEGER NOT NULL,
  size INTEGER NOT NULL, status INTEGER, duration_ms REAL NOT NULL, attempt INTEGER NOT NULL, flags INTEGER NOT NULL, answer TEXT NOT NULL);
CREATE INDEX request_sync ON request (sync, id);

-- The ledger: whom the service may have put on a list, and by which row. state: 1 member, 2 maybe, 3 leaving.
CREATE TABLE member (
  list INTEGER NOT NULL, connection INTEGER NOT NULL, key_hash INTEGER NOT NULL, slot INTEGER NOT NULL, state INTEGER NOT NULL,
  value BLOB NOT NULL,
  PRIMARY KEY (list, connection, key_hash, slot)) WITHOUT ROWID;
CREATE INDEX member_leaving ON member (list, connection, key_hash) WHERE state = 3;

-- Who holds an identifier; derived from member, merged in hash order before a sync closes. May name entries that are gone.
CREATE TABLE holder (
  list INTEGER NOT NULL, hash INTEGER NOT NULL, connection INTEGER NOT NULL, key_hash INTEGER NOT NULL,
  PRIMARY KEY (list, hash, connection, key_hash)) WITHOUT ROWID;

-- Entries of a connection by state, kept with every ledger write.
CREATE TABLE ledger_count (
  list INTEGER NOT NULL, connection INTEGER NOT NULL, members INTEGER NOT NULL, maybes INTEGER NOT NULL, leaving INTEGER NOT NULL,
  PRIMARY KEY (list, connection)) WITHOUT ROWID;

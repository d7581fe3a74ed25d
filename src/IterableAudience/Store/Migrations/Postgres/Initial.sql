-- The lean tables, as in the SQLite migration of this name: what a sync moves by the million. Written set-based, never through a change tracker.
-- Blobs begin with a version byte; Syncs/Staging and Syncs/Plan say what is in them. Numbers (sync, list, connection) are the "No" of the
-- entities. Hashes are 64-bit keyed hashes; whoever is kept or removed is confirmed by the stored value, never by a hash alone.

-- Staged records of a sync. part: slice of the key-hash space (0 when the sync is small); seq: order of arrival within it.
CREATE TABLE chunk (
  sync BIGINT NOT NULL, part INTEGER NOT NULL, seq INTEGER NOT NULL, records INTEGER NOT NULL, blob BYTEA NOT NULL,
  PRIMARY KEY (sync, part, seq));

-- What planning decided for each record of a chunk; outcomes: a bit per outcome that occurs in it, set when the sync is closed.
CREATE TABLE verdict (
  sync BIGINT NOT NULL, part INTEGER NOT NULL, seq INTEGER NOT NULL, outcomes BIGINT NOT NULL, blob BYTEA NOT NULL,
  PRIMARY KEY (sync, part, seq));

-- A byte per operation of a part: the stage it is sent in (255: none).
CREATE TABLE plan_part (
  sync BIGINT NOT NULL, part INTEGER NOT NULL, stages BYTEA NOT NULL,
  PRIMARY KEY (sync, part));

-- Operations, up to 1000 a batch, in key-hash order so that the ledger is written in its own order.
-- ords: (part, ord) of each operation, six bytes each, ascending.
CREATE TABLE batch (
  sync BIGINT NOT NULL, stage SMALLINT NOT NULL, n INTEGER NOT NULL, operations INTEGER NOT NULL,
  first_part INTEGER NOT NULL, last_part INTEGER NOT NULL, ords BYTEA NOT NULL, blob BYTEA NOT NULL,
  PRIMARY KEY (sync, stage, n));

-- The answer to a batch: its presence says that the batch is done. blob: outcome and reason, two bytes an operation.
CREATE TABLE result (
  sync BIGINT NOT NULL, stage SMALLINT NOT NULL, n INTEGER NOT NULL, number BIGINT NOT NULL,
  attempts INTEGER NOT NULL, http_status INTEGER NOT NULL, at BIGINT NOT NULL, blob BYTEA NOT NULL,
  PRIMARY KEY (sync, stage, n));

-- Only operations that did not succeed have a row.
CREATE TABLE failure (
  sync BIGINT NOT NULL, part INTEGER NOT NULL, ord INTEGER NOT NULL, number BIGINT NOT NULL,
  detail TEXT, http_status INTEGER NOT NULL, attempts INTEGER NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (sync, part, ord));

-- Every request that a sync made to Iterable.
CREATE TABLE request (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, sync BIGINT NOT NULL, number BIGINT NOT NULL, at BIGINT NOT NULL, kind SMALLINT NOT NULL,
  size INTEGER NOT NULL, status INTEGER, duration_ms DOUBLE PRECISION NOT NULL, attempt INTEGER NOT NULL, flags SMALLINT NOT NULL, answer TEXT NOT NULL);
CREATE INDEX request_sync ON request (sync, id);

-- The ledger: whom the service may have put on a list, and by which row. state: 1 member, 2 maybe, 3 leaving.
CREATE TABLE member (
  list BIGINT NOT NULL, connection BIGINT NOT NULL, key_hash BIGINT NOT NULL, slot SMALLINT NOT NULL, state SMALLINT NOT NULL,
  value BYTEA NOT NULL,
  PRIMARY KEY (list, connection, key_hash, slot));
CREATE INDEX member_leaving ON member (list, connection, key_hash) WHERE state = 3;

-- Who holds an identifier; derived from member, merged in hash order before a sync closes. May name entries that are gone, and one twice.
CREATE TABLE holder (
  list BIGINT NOT NULL, hash BIGINT NOT NULL, connection BIGINT NOT NULL, key_hash BIGINT NOT NULL);
CREATE INDEX holder_hash ON holder (list, hash);

-- Entries of a connection by state, kept with every ledger write.
CREATE TABLE ledger_count (
  list BIGINT NOT NULL, connection BIGINT NOT NULL, members BIGINT NOT NULL, maybes BIGINT NOT NULL, leaving BIGINT NOT NULL,
  PRIMARY KEY (list, connection));

-- Blobs are compact already and read whole: compressing them again costs more than it saves.
ALTER TABLE chunk ALTER COLUMN blob SET STORAGE EXTERNAL;
ALTER TABLE verdict ALTER COLUMN blob SET STORAGE EXTERNAL;
ALTER TABLE plan_part ALTER COLUMN stages SET STORAGE EXTERNAL;
ALTER TABLE batch ALTER COLUMN ords SET STORAGE EXTERNAL, ALTER COLUMN blob SET STORAGE EXTERNAL;
ALTER TABLE result ALTER COLUMN blob SET STORAGE EXTERNAL;

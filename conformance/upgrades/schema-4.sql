-- Data as parley 0.1.0 stores them, which every later version takes over. The timer is due in 2100 instead of a day later.
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    partition TEXT NOT NULL,
    data BLOB NOT NULL
  );
CREATE TABLE messages (
    conversation INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    position INTEGER NOT NULL,
    id TEXT,
    entry BLOB NOT NULL,
    PRIMARY KEY (conversation, create_time, position)
  ) WITHOUT ROWID;
INSERT INTO messages VALUES (1, 1795640086809038, 0, NULL, X'4400000038271326808419430000000000001600305663314b6f46477457354e6e626c6641317077426112125768657265206973206d79206f726465723f28034a0608c0c3d9ca06');
INSERT INTO messages VALUES (1, 1795640086809038, 1, NULL, X'4900000038271326808419430100000000001600305663314b6f465739435569316634616e596f44516d120b4f6e20697473207761792e1a05656e2d474228014a0b08c5c3d9ca0610959aef3a');
INSERT INTO messages VALUES (1, 1795640086820390, 0, NULL, X'3f00000098d81326808419430000000000001600305663314b6f46477457354e6e626c66413170774261120d4772c3bcc39f652c20f09f998228034a0608fcc3d9ca06');
CREATE TABLE purges (
    conversation TEXT NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (conversation, number)
  ) WITHOUT ROWID;
CREATE TABLE replies (
    conversation INTEGER NOT NULL,
    participant TEXT NOT NULL,
    request_id TEXT NOT NULL,
    expires INTEGER NOT NULL,
    response BLOB NOT NULL,
    PRIMARY KEY (conversation, participant, request_id)
  ) WITHOUT ROWID;
CREATE TABLE resources (
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    state INTEGER NOT NULL,
    ordering INTEGER,
    number INTEGER,
    body BLOB NOT NULL,
    PRIMARY KEY (collection, id)
  ) WITHOUT ROWID;
INSERT INTO resources VALUES ('projects/demo/conversationProfiles', 'demo', 1, 0, NULL, NULL, X'120444656d6f5205656e2d55535a0c0896969dd80610e8ae8fc701620c0896969dd80610e8ae8fc7017210416d65726963612f4e65775f596f726b');
INSERT INTO resources VALUES ('projects/demo/conversations', 'released', 1, 1, 1795640086739914, 1, X'10011a3870726f6a656374732f64656d6f2f6c6f636174696f6e732f676c6f62616c2f636f6e766572736174696f6e50726f66696c65732f64656d6f2a0c0896969dd8061090e2e8e00238027a750a3870726f6a656374732f64656d6f2f6c6f636174696f6e732f676c6f62616c2f636f6e766572736174696f6e50726f66696c65732f64656d6f120444656d6f5205656e2d55535a0c0896969dd80610e8ae8fc701620c0896969dd80610e8ae8fc7017210416d65726963612f4e65775f596f726b');
INSERT INTO resources VALUES ('projects/demo/conversations/released/participants', '0Vc1KoFGtW5NnblfA1pwBa', 1, 3, NULL, NULL, X'10033a03616e6e');
INSERT INTO resources VALUES ('projects/demo/conversations/released/participants', '0Vc1KoFW9CUi1f4anYoDQm', 1, 1, NULL, NULL, X'1001');
CREATE TABLE send_times (
    conversation INTEGER NOT NULL,
    participant TEXT NOT NULL,
    send_seconds INTEGER NOT NULL,
    send_nanos INTEGER NOT NULL,
    create_time INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (conversation, participant, send_seconds, send_nanos)
  ) WITHOUT ROWID;
INSERT INTO send_times VALUES (1, '0Vc1KoFGtW5NnblfA1pwBa', 1767268800, 0, 1795640086809038, 0);
INSERT INTO send_times VALUES (1, '0Vc1KoFGtW5NnblfA1pwBa', 1767268860, 0, 1795640086820390, 0);
INSERT INTO send_times VALUES (1, '0Vc1KoFW9CUi1f4anYoDQm', 1767268805, 123456789, 1795640086809038, 1);
CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL
  ) WITHOUT ROWID;
INSERT INTO settings VALUES ('commits', 6);
INSERT INTO settings VALUES ('secret', X'f660159f8ef349f783d77504d4d48a1c5823cef35112ba812de9aa101a4e185c');
CREATE TABLE timers (
    key TEXT PRIMARY KEY,
    due INTEGER NOT NULL,
    kind TEXT NOT NULL,
    partition TEXT NOT NULL,
    data BLOB NOT NULL
  ) WITHOUT ROWID;
INSERT INTO timers VALUES ('complete projects/demo/conversations/released', 4102444800000000, 'complete', 'projects/demo/conversations/released', X'');
CREATE UNIQUE INDEX messages_by_chosen_id ON messages (conversation, id) WHERE id IS NOT NULL;
CREATE UNIQUE INDEX resources_by_number ON resources (number) WHERE number IS NOT NULL;
CREATE INDEX resources_by_state ON resources (collection, state, ordering DESC, id) WHERE ordering IS NOT NULL;
CREATE INDEX resources_in_order ON resources (collection, ordering DESC, id) WHERE ordering IS NOT NULL;
CREATE INDEX timers_by_due ON timers (due, key);
CREATE INDEX timers_by_partition ON timers (partition);
PRAGMA user_version = 4;

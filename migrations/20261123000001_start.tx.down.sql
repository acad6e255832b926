DROP TABLE IF EXISTS outbox;
--bun:split
DROP TABLE IF EXISTS events;
--bun:split
DROP TABLE IF EXISTS settings;
--bun:split
DROP TABLE IF EXISTS links;
--bun:split
DROP TABLE IF EXISTS throttles;
--bun:split
DROP TABLE IF EXISTS browsers;
--bun:split
DROP TABLE IF EXISTS sessions;
--bun:split
DROP TABLE IF EXISTS ceremonies;
--bun:split
DROP TABLE IF EXISTS pendings;
--bun:split
DROP TABLE IF EXISTS credentials;
--bun:split
DROP TABLE IF EXISTS accounts;

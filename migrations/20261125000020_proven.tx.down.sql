DROP TABLE IF EXISTS registrations;

--bun:split
DROP TABLE IF EXISTS proven;

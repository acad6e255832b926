DROP TABLE members;

--bun:split
ALTER TABLE accounts DROP COLUMN member_of;

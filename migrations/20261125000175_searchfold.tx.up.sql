-- Names are searched by the fold of logins, with one sign for every apostrophe. A
-- text that this may change is emptied here, and made anew from its account, a page
-- of them at a time, when the steps are done.
CREATE INDEX IF NOT EXISTS directory_unsearched ON directory (account_id) WHERE searched = '';

--bun:split
UPDATE directory SET searched = '' WHERE octet_length(searched) <> length(searched) OR searched LIKE '%`%';

package store

import (
	"context"
	"errors"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
)

// Setting reads a setting.
func (q query) Setting(ctx context.Context, key string) (string, error) {
	var value string
	err := q.db.NewRaw("SELECT value FROM settings WHERE key = ?", key).Scan(ctx, &value)
	if errors.Is(missing(err), identity.ErrNotFound) {
		return "", nil
	}
	return value, err
}

// SaveSetting keeps a setting of the site.
func (x *act) SaveSetting(ctx context.Context, key, value string) error {
	return x.change().setting(ctx, key, value)
}

// SaveRound keeps how far the reminders of the policy have come.
func (t *tx) SaveRound(ctx context.Context, text string) error {
	return t.setting(ctx, accounts.RoundSetting, text)
}

// setting keeps a value under a key.
func (t *tx) setting(ctx context.Context, key, value string) error {
	_, err := t.db.NewRaw("INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
		key, value).Exec(ctx)
	return err
}

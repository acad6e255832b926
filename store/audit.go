package store

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
)

// scanned is how many rows one page of a search in the audit log looks through.
const scanned = 20_000

// AuditPage reads a page of the audit log, newest first.
func (s *Store) AuditPage(ctx context.Context, f accounts.AuditFilter, account string) (page accounts.AuditPage, err error) {
	var rows []eventRow
	q := s.log(s.reader.NewSelect().Model(&rows)).Order("seq DESC").Limit(int64(f.Limit) + 1)
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if account != "" {
		q = q.Where("(account_id = ? OR actor_id = ?)", account, account)
	}
	floor := int64(0)
	if f.Text != "" || account != "" { // nothing indexes these in full, so a page looks so far and no farther
		top, err := s.lastSeq(ctx)
		if err != nil {
			return page, err
		}
		if top++; f.Before > 0 {
			top = min(top, f.Before)
		}
		floor = max(0, top-scanned)
		q = q.Where("seq >= ?", floor)
	}
	if f.Before > 0 {
		q = q.Where("seq < ?", f.Before)
	}
	if f.Text != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(f.Text)) + "%"
		q = q.Where(`(lower(reason) LIKE ? ESCAPE '\' OR lower(detail) LIKE ? ESCAPE '\' OR lower(browser) LIKE ? ESCAPE '\' OR address LIKE ? ESCAPE '\')`,
			like, like, like, like)
	}
	if err := q.Scan(ctx); err != nil {
		return page, err
	}
	switch {
	case len(rows) > f.Limit:
		rows = rows[:f.Limit]
		page.Next = rows[f.Limit-1].Seq
	case floor > 1:
		page.Next = floor
	}
	if page.Events, err = s.counting(ctx, mapRows(rows, (*eventRow).event)); err != nil {
		return page, err
	}
	page.Logins, page.Gone, err = s.logins(ctx, rows)
	return page, err
}

func (s *Store) lastSeq(ctx context.Context) (seq int64, err error) {
	err = s.reader.NewRaw("SELECT coalesce(max(seq), 0) FROM events").Scan(ctx, &seq)
	return seq, err
}

// deleted is the event that ends an account; its detail is the login.
const deleted = identity.EventAccountDeleted

// logins names the accounts that events are about, and who did them; those that
// are gone by the login that they had.
func (s *Store) logins(ctx context.Context, rows []eventRow) (names map[string]string, gone map[string]bool, err error) {
	names, gone = map[string]string{}, map[string]bool{}
	for _, r := range rows {
		for _, id := range []string{r.AccountID, r.ActorID} {
			gone[id] = id != ""
		}
	}
	delete(gone, "")
	if len(gone) == 0 {
		return names, gone, nil
	}
	var found []accountRow
	err = s.reader.NewSelect().Model(&found).Column("id", "login").Where("id IN (?)", list(slices.Collect(maps.Keys(gone)))).Scan(ctx)
	for _, a := range found {
		names[a.ID] = a.Login
		delete(gone, a.ID)
	}
	if err != nil || len(gone) == 0 {
		return names, gone, err
	}
	var ends []eventRow
	err = s.log(s.reader.NewSelect().Model(&ends)).Column("account_id", "detail").
		Where("kind = ? AND account_id IN (?)", deleted, list(slices.Collect(maps.Keys(gone)))).Scan(ctx)
	for _, e := range ends {
		names[e.AccountID] = e.Detail
	}
	return names, gone, err
}

// FirstEvent is the oldest event about an account.
func (s *Store) FirstEvent(ctx context.Context, accountID string) (identity.Event, error) {
	var r eventRow
	err := s.log(s.reader.NewSelect().Model(&r)).Where("account_id = ?", accountID).Order("seq").Limit(1).Scan(ctx)
	return r.event(), missing(err)
}

// Departed is the id of the account that was deleted last with an id or login.
func (s *Store) Departed(ctx context.Context, idOrLogin string) (id string, err error) {
	err = s.log(s.reader.NewSelect().Model((*eventRow)(nil))).Column("account_id").Where("kind = ? AND (account_id = ? OR detail = ?)", deleted, idOrLogin, idOrLogin).
		Order("seq DESC").Limit(1).Scan(ctx, &id)
	return id, missing(err)
}

// AuditKinds lists the kinds of event there are, hopping from one to the next.
func (s *Store) AuditKinds(ctx context.Context) (kinds []string, err error) {
	for last := ""; ; kinds = append(kinds, last) {
		err := s.reader.NewRaw("SELECT kind FROM events WHERE kind > ? ORDER BY kind LIMIT 1", last).Scan(ctx, &last)
		if errors.Is(missing(err), identity.ErrNotFound) {
			return kinds, nil
		}
		if err != nil {
			return kinds, err
		}
	}
}

package store

import (
	"context"
	"database/sql/driver"

	"github.com/uptrace/bun/driver/sqliteshim"
)

type betweenKey struct{}

// Between makes every database that is opened with the context go through put,
// which wraps its connector. Tests inject faults with it; a program that serves
// does not use it.
func Between(ctx context.Context, put func(driver.Connector) driver.Connector) context.Context {
	return context.WithValue(ctx, betweenKey{}, put)
}

func between(ctx context.Context, c driver.Connector) driver.Connector {
	if put, ok := ctx.Value(betweenKey{}).(func(driver.Connector) driver.Connector); ok {
		return put(c)
	}
	return c
}

// embedded connects to an SQLite file by its address.
type embedded string

// Connect opens a connection.
func (dsn embedded) Connect(context.Context) (driver.Conn, error) {
	return sqliteshim.Driver().Open(string(dsn))
}

// Driver names the driver, as database/sql wishes.
func (dsn embedded) Driver() driver.Driver { return sqliteshim.Driver() }

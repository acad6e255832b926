package store

import (
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
)

// SQLite's result codes (sqlite3.h) that say something about the machine or
// the file, not about the statement.
const (
	sqliteError    = 1 // among others: no such table
	sqliteBusy     = 5
	sqliteLocked   = 6
	sqliteNoMemory = 7
	sqliteReadOnly = 8
	sqliteIO       = 10
	sqliteCorrupt  = 11
	sqliteFull     = 13
	sqliteCantOpen = 14
	sqliteNotADB   = 26
)

// Unavailable says whether an error means that the database cannot do its work
// at the moment: full, gone, restarting, damaged, locked. Everything else that a
// store returns is a fault of the program.
func Unavailable(err error) bool {
	if errors.Is(err, ErrLost) {
		return true
	}
	if code, ok := sqliteCode(err); ok {
		switch code {
		case sqliteBusy, sqliteLocked, sqliteNoMemory, sqliteReadOnly, sqliteIO, sqliteCorrupt, sqliteFull, sqliteCantOpen, sqliteNotADB:
			return true
		case sqliteError:
			return strings.Contains(err.Error(), "no such table")
		}
		return false
	}
	if state := sqlState(err); state != "" {
		return unavailablePostgres(state)
	}
	var wire net.Error
	return errors.As(err, &wire) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// unavailablePostgres reads PostgreSQL's SQLSTATE (its manual, appendix A).
func unavailablePostgres(state string) bool {
	switch state {
	case "42P01", "25006": // undefined_table, read_only_sql_transaction
		return true
	case "57014": // query_canceled: our own limit for a statement
		return true
	}
	for _, class := range []string{
		"08", // connection exception
		"28", // invalid authorization
		"3D", // invalid catalog name: the database is gone
		"3F", // invalid schema name
		"53", // insufficient resources: disk full, too many connections
		"57", // operator intervention: shutting down, starting up
		"58", // system error
		"XX", // internal error: data corrupted
	} {
		if strings.HasPrefix(state, class) {
			return true
		}
	}
	return false
}

// sqliteCode is SQLite's result code; the part of the number that says more
// closely what happened is left out.
func sqliteCode(err error) (code int, ok bool) {
	var lite interface {
		error
		Code() int
	}
	if !errors.As(err, &lite) {
		return 0, false
	}
	return lite.Code() & 0xff, true
}

// unreadable says whether an error means that a file is no database, or is not
// whole.
func unreadable(err error) bool {
	code, ok := sqliteCode(err)
	return ok && (code == sqliteCorrupt || code == sqliteNotADB)
}

// Package directory says who has what: the buckets that accounts fall into, the
// filters of the admin's list, and its totals. All of it follows from the accounts,
// so it can be made anew at any time. It is pure: no database and no clock.
package directory

// Package dirsync has the words of duosync's core: people, users (account.go, with their
// fields in fields.go), links, operations and plans, guards and limits, errors, and the
// contracts of the directory (Source), of Duo (Target) and of the state (Store). What is decided with them is in the packages
// below it: expression, mapping, assembly, guard, engine.
//
// The folder is called sync; callers import it as dirsync, so that it cannot be
// taken for the standard library's sync.
//
// The core knows neither LDAP nor HTTP nor SQL. It never logs; it tells an Observer
// and returns errors. Given the same input it gives the same plan, byte for byte.
package dirsync

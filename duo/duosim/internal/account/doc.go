// Package account is what a Duo account holds, and what is always true of it: names
// are unique, links have two ends, ids and codes come in the same order, the Trash is
// purged in time. It knows neither calls nor parameters.
package account

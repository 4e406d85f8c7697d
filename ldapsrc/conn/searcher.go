package conn

import "github.com/go-ldap/ldap/v3"

// searcher sends one search request, and gives all that came until its
// SearchResultDone. It fails unless that came, with code 0; what came before goes with
// the error. ldap.Conn.Search is one (SearchAsync also returns without an error on a
// closed connection and on a cancelled context).
type searcher func(*ldap.SearchRequest) (*ldap.SearchResult, error)

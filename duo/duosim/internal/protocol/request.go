// Package protocol is how Duo is spoken to: requests with their parameters and
// signatures, and replies with their envelopes, codes and pages. It knows nothing of
// what an account holds.
package protocol

import (
	"io"
	"mime"
	"net/http"
	"slices"
	"time"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 1 << 20

// Request is an HTTP request, read whole.
type Request struct {
	*http.Request
	Arrived time.Time // by Duo's clock

	body  []byte
	query []Pair
	form  []Pair // of a body that is a form
	kind  string // media type of the body
}

// ReadRequest reads a request with its body, which has a bound.
func ReadRequest(w http.ResponseWriter, r *http.Request, arrived time.Time) (*Request, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	return &Request{Request: r, body: body, Arrived: arrived}, err
}

// Decode reads the query, and the body where it is a form.
func (q *Request) Decode() *Refusal {
	var err error
	if q.query, err = DecodePairs(q.URL.RawQuery); err != nil {
		return BadParameter("query")
	}
	if q.kind, _, err = mime.ParseMediaType(q.Header.Get("Content-Type")); err != nil {
		q.kind = ""
	}
	if q.isForm() {
		if q.form, err = DecodePairs(string(q.body)); err != nil {
			return BadParameter("body")
		}
	}
	return nil
}

func (q *Request) isForm() bool { return q.kind == "application/x-www-form-urlencoded" }

// Args gives the parameters of query and body. Even a bad body leaves those of
// the query, for the record.
func (q *Request) Args() (Args, *Refusal) {
	all := make(Args)
	all.add(slices.Concat(q.query, q.form))
	switch {
	case len(q.body) == 0, q.isForm():
	case q.kind != "application/json":
		return all, BadParameter("Content-Type")
	case all.AddJSON(q.body) != nil:
		return all, BadParameter("body")
	}
	return all, nil
}

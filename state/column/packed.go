package column

import (
	"bytes"
	"compress/flate"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Packed is a value as JSON, compressed; what would be JSON's null is NULL. It is for
// values of a few hundred bytes that are written once and seldom read: they are
// compressed against a text that looks like them.
type Packed[T any] struct{ V T }

// AsPacked gives a value the form of a column.
func AsPacked[T any](v T) Packed[T] { return Packed[T]{v} }

// likeFirst is what values are compressed against. It is part of the form of a state and never
// changes: another one gets another first byte. What is most likely stands last.
const likeFirst = `"ByHand":true,"Follows":true,"Unfinished":["Marked":true,"Mail":true,"Group":{"id":"","name":"","origin":"created","sources":["` +
	`"Takes":{"aliases":["joined":["DG"phones":[{"id":"DP","number":"+1"}]},"Phones":[{"Do":"make","attach","remove","ID":"DP","Number":"+","Extension":"","Type":"mobile","Ours":true,"Share":true}],` +
	`"Joins":[{"id":"DG","name":""},"Leaves":[{"id":"DG","name":"` +
	`"Missing":{"why":"gone","out of scope","since":"2026-01-01T00:00:00.000000000Z","began":"","step":"disable","at":"","reads":1,"scope":"","approved":true},` +
	`{"Action":"group_create","group_update","group_delete","phone_create","phone_delete","enroll_mail","release","recreate","restore","adopt","trash","delete","enable",` +
	`"Reason":"gone from the directory since 2026-01-01T00:00:00Z"out of scope since "locked in the directory"back in the directory"changed in Duo by hand"renamed in the directory"` +
	`{"field":"aliases","before":[],"after":["]},{"field":"phones","before":[],"after":["+1"]},{"field":"groups","before":[""],"after":[""]},{"field":"notes","before":"","after":""},` +
	`{"Action":"disable","Username":"","Source":"","User":"DU","Reason":"disabled in the directory","Changes":[{"field":"status","before":"active","after":"disabled"}],"Asked":{"status":"disabled"},` +
	`{"Action":"update","Username":"","Source":"","User":"DU","Reason":"changed in the directory","Changes":[{"field":"email","before":"@example.org","after":"@example.com"}],"Asked":{"email":"@example.com"},"Missing":null,"From":"","ByHand":false,"Blocked":""}` +
	`{"Action":"create","Username":"","Source":"","User":"","Reason":"in the directory's scope","Changes":[{"field":"username","before":"","after":""},{"field":"realname","before":"","after":""},` +
	`{"field":"firstname","before":"","after":""},{"field":"lastname","before":"","after":""},{"field":"email","before":"","after":"@example.com"},{"field":"status","before":"","after":"active"}],` +
	`"Asked":{"email":"@example.com","firstname":"","lastname":"","realname":"","status":"active","username":""},"Missing":null,"From":"","ByHand":false,"Blocked":""}`

// formFirst begins what was compressed against likeFirst.
const formFirst = 1

// packers are compressors at rest: one holds a megabyte of tables.
var packers = sync.Pool{New: func() any {
	w, err := flate.NewWriterDict(io.Discard, flate.DefaultCompression, []byte(likeFirst))
	if err != nil {
		panic(err) // the level is a valid one
	}
	return w
}}

// unpackers are decompressors at rest.
var unpackers = sync.Pool{New: func() any { return flate.NewReaderDict(bytes.NewReader(nil), []byte(likeFirst)) }}

// Value implements driver.Valuer.
func (p Packed[T]) Value() (driver.Value, error) {
	text, err := json.Marshal(p.V)
	if err != nil || string(text) == "null" {
		return nil, err
	}
	var b bytes.Buffer
	_ = b.WriteByte(formFirst)
	w := packers.Get().(*flate.Writer) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer packers.Put(w)
	w.Reset(&b)
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Scan implements sql.Scanner.
func (p *Packed[T]) Scan(src any) error {
	var zero T
	p.V = zero
	packed, ok := src.([]byte)
	switch {
	case src == nil:
		return nil
	case !ok:
		return fmt.Errorf("a column holds %T instead of bytes", src)
	case len(packed) == 0 || packed[0] != formFirst:
		return errors.New("a column holds a value that was packed in an unknown way")
	}
	r := unpackers.Get().(io.Reader) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer unpackers.Put(r)
	if err := r.(flate.Resetter).Reset(bytes.NewReader(packed[1:]), []byte(likeFirst)); err != nil { //nolint:errcheck,forcetypeassert // as flate says
		return fmt.Errorf("unpacking a value: %w", err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return fmt.Errorf("unpacking a value: %w", err)
	}
	return json.Unmarshal(text, &p.V)
}

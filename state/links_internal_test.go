package state

import "testing"

// A value of another kind than is kept there is no value: the row can't be read.
func TestValueReader(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		value any
		read  func(*valueReader) any
		want  any // nil: it can't be read
	}{
		"a text":           {"x", func(r *valueReader) any { return r.text(0) }, "x"},
		"no text":          {nil, func(r *valueReader) any { return r.text(0) }, nil},
		"bytes":            {[]byte("x"), func(r *valueReader) any { return r.text(0) }, nil},
		"true":             {true, func(r *valueReader) any { return r.truth(0) }, true},
		"true as a number": {int64(1), func(r *valueReader) any { return r.truth(0) }, true},
		"false":            {int64(0), func(r *valueReader) any { return r.truth(0) }, false},
		"no truth":         {nil, func(r *valueReader) any { return r.truth(0) }, nil},
		"a word":           {"true", func(r *valueReader) any { return r.truth(0) }, nil},
		"a fraction":       {1.5, func(r *valueReader) any { return uint64(r.hash(0)) }, nil},
		"a number below 0": {int64(-1), func(r *valueReader) any { return uint64(r.hash(0)) }, ^uint64(0)},
	} {
		r := valueReader{values: []any{tt.value}, read: true}
		if got := tt.read(&r); r.read != (tt.want != nil) || r.read && got != tt.want {
			t.Errorf("%s: %v, %v; want %v", name, got, r.read, tt.want)
		}
	}
}

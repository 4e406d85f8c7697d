package protocol

import (
	"net/url"
	"slices"
	"testing"
)

func TestCanonical(t *testing.T) {
	for query, want := range map[string]string{
		"":                                  "",
		"&&":                                "",
		"b=2&a=1":                           "a=1&b=2",
		"a=2&a=10&a=1":                      "a=1&a=10&a=2",
		"realname=First+Last&username=root": "realname=First%20Last&username=root",
		"a=*~-_.%2f/&%41":                   "A=&a=%2A~-_.%2F%2F",
		"a%3Db=c%26d=e":                     "a%3Db=c%26d%3De",
		"k=%C3%B6;x":                        "k=%C3%B6%3Bx",
	} {
		pairs, err := DecodePairs(query)
		if err != nil {
			t.Fatal(err)
		}
		if got := canonical(pairs); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
	for _, bad := range []string{"a=%", "%zz=1", "a=1&b=%2"} {
		if pairs, err := DecodePairs(bad); err == nil {
			t.Errorf("%q was read as %v", bad, pairs)
		}
	}
}

// The canonical form reads back as the same pairs, sorted, and is its own
// canonical form. The standard library reads the same out of it.
func FuzzDecodePairs(f *testing.F) {
	for _, seed := range []string{"a=1&b=2", "a=%2B+&&=x", "%C3%B6=%00&a", "alias1=x&alias2="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		pairs, err := DecodePairs(text)
		if err != nil {
			return
		}
		form := canonical(pairs)
		again, err := DecodePairs(form)
		if err != nil {
			t.Fatalf("%q: %v", form, err)
		}
		if second := canonical(again); second != form {
			t.Errorf("%q became %q", form, second)
		}
		if len(pairs) != len(again) {
			t.Errorf("%d pairs became %d", len(pairs), len(again))
		}
		values, err := url.ParseQuery(form)
		if err != nil {
			t.Fatalf("%q: %v", form, err)
		}
		for _, p := range pairs {
			if !slices.Contains(values[p.Key], p.Value) {
				t.Errorf("%q: %q lost", form, p)
			}
		}
	})
}

// No JSON body makes the parameters' readers panic, or the record unwritable.
func FuzzJSONBody(f *testing.F) {
	for _, seed := range []string{`{"a":1}`, `{"a":["x",{"b":null}]}`, `{"a":"[1,2]"}`, `null`, `{"a":1e999}`, `{"a":true} {}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		all := make(Args)
		if all.AddJSON(body) != nil {
			return
		}
		flat := all.Flat()
		for name := range all {
			if text, bad := all.Text(name); bad == nil && flat[name] != text {
				t.Errorf("%s: %q and %q", name, text, flat[name])
			}
			if items, bad := all.List(name, 3); bad == nil && (len(items) == 0 || len(items) > 3) {
				t.Errorf("%s: %d items", name, len(items))
			}
			if n, bad := all.Number(name, 5, 1); bad == nil && n < 1 {
				t.Errorf("%s: %d", name, n)
			}
		}
	})
}

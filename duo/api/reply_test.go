package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	dirsync "duosync/sync"
)

func TestKindOfAnAnswer(t *testing.T) {
	fail := func(code string) string {
		return `{"stat":"FAIL","code":` + code + `,"message":"no","message_detail":null}`
	}
	tests := map[string]struct {
		status int
		body   string
		want   Kind // "" for a success
		code   int
	}{
		"success":                     {200, `{"stat":"OK","response":""}`, "", 0},
		"success with more keys":      {200, `{"stat":"OK","response":[],"new":{"a":[1]}}`, "", 0},
		"FAIL with HTTP 200":          {200, fail("40401"), ErrUnclear, 40401},
		"OK with HTTP 500":            {500, `{"stat":"OK","response":""}`, ErrUnclear, 0},
		"OK with HTTP 201":            {201, `{"stat":"OK","response":""}`, ErrUnclear, 0},
		"invalid":                     {400, fail("40002"), ErrInvalid, 40002},
		"code as text":                {400, fail(`"40003"`), ErrDuplicate, 40003},
		"code empty":                  {400, fail(`""`), ErrRejected, 0},
		"code null":                   {400, fail("null"), ErrRejected, 0},
		"code missing":                {400, `{"stat":"FAIL"}`, ErrRejected, 0},
		"code absurd":                 {400, fail("1e18"), ErrRejected, 0},
		"unauthorized":                {401, fail("40103"), ErrUnauthorized, 40103},
		"forbidden without code":      {403, fail(`""`), ErrForbidden, 0},
		"not found":                   {404, fail("40401"), ErrNotFound, 40401},
		"not found, but not by Duo":   {404, `<html>404</html>`, ErrNotDuo, 0},
		"forbidden, but not by Duo":   {403, `<html>blocked</html>`, ErrNotDuo, 0},
		"too many":                    {429, fail("42901"), ErrRateLimited, 42901},
		"too many, empty":             {429, "", ErrRateLimited, 0},
		"too many, HTML":              {429, "<html>slow down</html>", ErrRateLimited, 0},
		"limit":                       {500, fail("50001"), ErrLimit, 50001},
		"server":                      {500, fail("50000"), ErrServer, 50000},
		"apitest.Gateway":             {502, "<html>Bad Gateway</html>", ErrServer, 0},
		"portal":                      {200, "<html>Please log in</html>", ErrNotDuo, 0},
		"JSON, but no envelope":       {200, `{"ok":true}`, ErrNotDuo, 0},
		"cut off":                     {200, `{"stat":"OK","respo`, ErrNotDuo, 0},
		"redirect":                    {302, "", ErrNotDuo, 0},
		"two objects":                 {200, `{"stat":"OK"}{"stat":"OK"}`, ErrNotDuo, 0},
		"stat in another case":        {200, `{"stat":"ok"}`, ErrNotDuo, 0},
		"a method that is not served": {405, fail("40501"), ErrRejected, 40501},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, e := decodeReply(test.status, http.Header{}, []byte(test.body), Tidy)
			switch {
			case e == nil && test.want == "":
			case e == nil || test.want == "":
				t.Fatalf("got %v, want kind %q", e, test.want)
			case e.Kind != test.want || e.Code != test.code:
				t.Errorf("got %q, code %d; want %q, code %d", e.Kind, e.Code, test.want, test.code)
			}
		})
	}
}

func TestAccountIsReadLeniently(t *testing.T) {
	tests := map[string]struct {
		json string
		want dirsync.Account
	}{
		"fresh, with nulls": {
			`{"user_id":"DU1","username":"ann","realname":"","firstname":null,"email":"","status":"active","created":1700000000,
			 "last_directory_sync":null,"is_enrolled":false,"aliases":{},"alias1":null,"phones":[],"brand_new":{"x":1}}`,
			dirsync.Account{ID: "DU1", Username: "ann", Status: "active", Created: time.Unix(1700000000, 0).UTC()},
		},
		"numbers as text, status in capitals": {
			`{"user_id":"DU2","username":"bob","status":"Pending Deletion","created":"1700000000","is_enrolled":"true","last_directory_sync":"1700000001"}`,
			dirsync.Account{ID: "DU2", Username: "bob", Status: "pending deletion", Created: time.Unix(1700000000, 0).UTC(), Enrolled: true, Synced: true},
		},
		"locked out, with Duo's reason": {
			`{"user_id":"DU7","username":"gil","status":"Locked Out","lockout_reason":"Not enrolled"}`,
			dirsync.Account{ID: "DU7", Username: "gil", Status: "locked out", LockoutReason: dirsync.NotEnrolled},
		},
		"aliases as a map of eight": {
			`{"user_id":"DU3","username":"cy","status":"active","alias1":"a1","aliases":{"alias8":"h","alias2":"b","alias1":"a1"}}`,
			dirsync.Account{ID: "DU3", Username: "cy", Status: "active", Aliases: []string{"a1", "b", "", "", "", "", "", "h"}},
		},
		"aliases of old": {
			`{"user_id":"DU4","username":"di","status":"active","alias2":"two","alias1":"one","alias3":null}`,
			dirsync.Account{ID: "DU4", Username: "di", Status: "active", Aliases: []string{"one", "two"}},
		},
		"aliases at no place that there is": {
			`{"user_id":"DU4","username":"di","status":"active","aliases":{"alias0":"a","alias":"b","alias99":"c","alias2":"","x":"d"}}`,
			dirsync.Account{ID: "DU4", Username: "di", Status: "active"},
		},
		"groups and phones": {
			`{"user_id":"DU6","username":"fy","status":"active",
			 "groups":[{"group_id":"DG1","name":"Staff","status":"Active","x":1},{"name":"no id"},7],
			 "phones":[{"phone_id":"DP1","number":"+1 555-0100","extension":null,"type":"Mobile","platform":"Apple iOS","activated":true},
			  {"phone_id":"DP2","number":"+15550100","extension":12,"type":"Landline","platform":"Unknown","activated":false,"users":"?"},
			  {"number":"+15550199"},"x",null]}`,
			dirsync.Account{ID: "DU6", Username: "fy", Status: "active",
				Groups: []dirsync.Membership{{ID: "DG1", Name: "Staff"}},
				Phones: []dirsync.Phone{
					{ID: "DP1", Number: "+15550100", Type: "mobile", Platform: "apple ios", Activated: true},
					{ID: "DP2", Number: "+15550100", Extension: "12", Type: "landline", Platform: "unknown"},
				}},
		},
		"lists that are none": {
			`{"user_id":"DU7","username":"gi","status":"active","groups":null,"phones":{"a":1},"aliases":[]}`,
			dirsync.Account{ID: "DU7", Username: "gi", Status: "active"},
		},
		"a sync time of an unknown form still means synced": {
			`{"user_id":"DU5","username":"ed","status":"disabled","last_directory_sync":"2026-01-01T00:00:00Z","created":99999999999999}`,
			dirsync.Account{ID: "DU5", Username: "ed", Status: "disabled", Synced: true},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var a account
			if err := json.Unmarshal([]byte(test.json), &a); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, dirsync.Account(a)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, broken := range []string{`{}`, `{"user_id":""}`, `{"user_id":null,"username":"x"}`, `{"user_id":"a/b"}`, `{"user_id":".."}`, `[]`, `"DU1"`} {
		var a account
		if err := json.Unmarshal([]byte(broken), &a); err == nil {
			t.Errorf("%s was read as a user", broken)
		}
	}
}

func TestChunksFitIntoAURL(t *testing.T) {
	var names []string
	for i := range 250 {
		names = append(names, strings.Repeat("ä", i%40+1))
	}
	var joined []string
	for _, list := range Chunks(names) {
		text, err := jsonText(list)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) > MostInLook || len(escape(text)) > listBytes+len(escape("[]")) {
			t.Errorf("%d values, %d bytes", len(list), len(escape(text)))
		}
		joined = append(joined, list...)
	}
	if diff := cmp.Diff(names, joined); diff != "" {
		t.Error(diff)
	}
}

func FuzzReply(f *testing.F) {
	for _, seed := range []string{
		`{"stat":"OK","response":[{"user_id":"DU1","username":"ann","created":1700000000}],"metadata":{"next_offset":null,"total_objects":"1"}}`,
		`{"stat":"FAIL","code":"","message":"no","message_detail":["x"]}`,
		`{"stat":"FAIL","code":1e999,"message":7}`,
		`{"stat":"OK","metadata":[]}`,
		`{"stat":"OK","response":[{"user_id":"DU1","phones":[{"phone_id":"DP1","activated":0}],"groups":[{}],"aliases":{"alias3":"c"}}]}`,
		`{"stat":{},"response":null}`, `<html>`, ``, `null`, `[]`,
	} {
		f.Add(200, []byte(seed))
		f.Add(400, []byte(seed))
		f.Add(404, []byte(seed))
		f.Add(429, []byte(seed))
		f.Add(502, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		r, e := decodeReply(status, http.Header{}, body, Tidy)
		if (r == nil) == (e == nil) {
			t.Fatalf("neither or both of an answer and an error: %v, %v", r, e)
		}
		if e != nil {
			if e.Kind == "" || e.Code < 0 || strings.ContainsAny(e.Error(), "\n\r\x00") {
				t.Fatalf("%+v: %q", e, e.Error())
			}
			if e.Kind == ErrNotFound && (status != 404 || !json.Valid(body)) {
				t.Fatalf("absence from status %d and %q", status, body)
			}
			return
		}
		if status != 200 || r.Stat != "OK" {
			t.Fatalf("status %d, stat %q taken for a success", status, r.Stat)
		}
		var items []account
		if json.Unmarshal(r.Response, &items) != nil {
			return
		}
		for _, a := range items {
			if !ValidID(a.ID) {
				t.Fatalf("a user without an id: %+v", a)
			}
			if _, err := json.Marshal(dirsync.Account(a)); err != nil {
				t.Fatalf("%+v cannot be written: %v", a, err)
			}
		}
	})
}

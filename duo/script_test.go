package duo_test

import (
	"slices"
	"strings"
	"testing"

	"duosync/duo"
	"duosync/duo/api/apitest"
	dirsync "duosync/sync"
)

// Calls for users.
const (
	list  = "GET /admin/v1/users"
	post  = "POST /admin/v1/users"
	one   = "GET /admin/v1/users/DU1"
	edit  = "POST /admin/v1/users/DU1"
	erase = "DELETE /admin/v1/users/DU1"
)

type exchange = apitest.Exchange

// play is a Duo that goes by a script, with a Target before it.
type play struct{ *apitest.Play }

func newPlay(t *testing.T, script ...exchange) play {
	t.Helper()
	return play{apitest.New(t, lookedFor(script)...)}
}

// lookedFor puts a look-up that finds nothing behind each refusal of a call that makes
// something, unless the script has one there: a refusal may be the answer to another call.
func lookedFor(script []exchange) []exchange {
	looks := map[string]exchange{
		post:      {Call: list, Body: ok("[]")},
		makePhone: {Call: phones, Body: ok("[]")},
		makeGroup: listOfGroups(),
	}
	var all []exchange
	for i, x := range script {
		all = append(all, x)
		look, makes := looks[x.Call]
		refused := x.Status >= 400 && x.Status < 500 && x.Status != 401 && x.Status != 403 && x.Status != 429
		if makes && refused && !strings.Contains(x.Body, "50001") && (i+1 == len(script) || script[i+1].Call != look.Call) {
			all = append(all, look)
		}
	}
	return all
}

func (p play) target() *duo.Target { return duo.NewTarget(p.Client(), duo.Options{}) }

var ok, page, fail, user = apitest.OK, apitest.Page, apitest.Fail, apitest.User

// met is for a snapshot in which everybody was looked at since the create.
func met(dirsync.SourceID) dirsync.Remembered { return dirsync.Remembered{} }

// apart is an exchange that must come on a connection of its own.
func apart(x exchange) exchange { x.Apart = true; return x }

// goneFor is how a 404 for a user is made sure of: by id, and by each name.
func goneFor(names ...string) []exchange {
	script := []exchange{apart(gone)}
	for _, name := range names {
		script = append(script, apart(exchange{Call: list, Params: map[string]string{"username": name}, Body: ok("[]")}))
	}
	return script
}

// then puts exchanges one after another.
func then(scripts ...[]exchange) []exchange { return slices.Concat(scripts...) }

// freely lets every call through.
func freely([]*dirsync.Op) (map[*dirsync.Op]string, error) { return nil, nil }

package duo_test

import (
	"slices"
	"testing"

	"duosync/duo"
	"duosync/duo/api/apitest"
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
	return play{apitest.New(t, script...)}
}

func (p play) target() *duo.Target { return duo.NewTarget(p.Client(), 0) }

var ok, page, fail, user = apitest.OK, apitest.Page, apitest.Fail, apitest.User

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

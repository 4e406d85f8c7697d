package duo_test

import (
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

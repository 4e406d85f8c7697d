package api_test

import "duosync/duo/api/apitest"

// Calls that scripts have.
const (
	list  = "GET /admin/v1/users"
	post  = "POST /admin/v1/users"
	one   = "GET /admin/v1/users/DU1"
	edit  = "POST /admin/v1/users/DU1"
	erase = "DELETE /admin/v1/users/DU1"
)

type exchange = apitest.Exchange

var (
	newPlay = apitest.New
	connect = apitest.Connect

	ok, page, fail, user = apitest.OK, apitest.Page, apitest.Fail, apitest.User
	again                = apitest.Again
)

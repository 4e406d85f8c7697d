package duosim

import (
	"net/http"
	"slices"
	"strings"
)

// need is the permission that a route asks of a key.
type need int

const (
	toRead need = iota
	toWrite
	toAuthenticate
	nothing // not even a signature
)

// route is one endpoint. Parts of the pattern in braces become the call's vars.
type route struct {
	method  string
	pattern string
	handle  func(*account, *call) (any, *refusal)
	need    need
}

// lists tells whether the route answers a list, page by page.
func (r route) lists() bool {
	return r.method == http.MethodGet && r.need == toRead && !strings.HasSuffix(r.pattern, "}")
}

const get, post, del = http.MethodGet, http.MethodPost, http.MethodDelete

// routes are all endpoints. Of those that match a path the first one counts.
func routes() []route { return slices.Concat(userRoutes(), objectRoutes(), authRoutes()) }

func userRoutes() []route {
	return []route{
		{get, "/admin/v1/users", (*account).listUsers, toRead},
		{post, "/admin/v1/users", (*account).createUser, toWrite},
		{post, "/admin/v1/users/enroll", (*account).enrollUser, toWrite},
		{post, "/admin/v1/users/bulk_create", (*account).bulkCreate, toWrite},
		{post, "/admin/v1/users/bulk_send_to_trash", (*account).trashUsers, toWrite},
		{post, "/admin/v1/users/bulk_restore", (*account).restoreUsers, toWrite},
		{post, "/admin/v1/bulk", (*account).bulk, toWrite},
		{get, "/admin/v1/users/{user}", (*account).getUser, toRead},
		{post, "/admin/v1/users/{user}", (*account).modifyUser, toWrite},
		{del, "/admin/v1/users/{user}", (*account).deleteUser, toWrite},
		{get, "/admin/v1/users/{user}/groups", (*account).listUserGroups, toRead},
		{post, "/admin/v1/users/{user}/groups", (*account).joinGroup, toWrite},
		{del, "/admin/v1/users/{user}/groups/{group}", (*account).leaveGroup, toWrite},
		{get, "/admin/v1/users/{user}/phones", (*account).listUserPhones, toRead},
		{post, "/admin/v1/users/{user}/phones", (*account).attachPhone, toWrite},
		{del, "/admin/v1/users/{user}/phones/{phone}", (*account).detachPhone, toWrite},
		{get, "/admin/v1/users/{user}/tokens", (*account).listUserTokens, toRead},
		{post, "/admin/v1/users/{user}/tokens", (*account).attachToken, toWrite},
		{get, "/admin/v1/users/{user}/u2ftokens", (*account).noU2F, toRead},
		{post, "/admin/v1/users/{user}/bypass_codes", (*account).createCodes, toWrite},
	}
}

// objectRoutes are those of groups, phones and tokens.
func objectRoutes() []route {
	return []route{
		{get, "/admin/v1/groups", (*account).listGroups, toRead},
		{post, "/admin/v1/groups", (*account).createGroup, toWrite},
		{get, "/admin/v2/groups/{group}", (*account).getGroup, toRead},
		{post, "/admin/v1/groups/{group}", (*account).modifyGroup, toWrite},
		{del, "/admin/v1/groups/{group}", (*account).deleteGroup, toWrite},

		{get, "/admin/v1/phones", (*account).listPhones, toRead},
		{post, "/admin/v1/phones", (*account).createPhone, toWrite},
		{get, "/admin/v1/phones/{phone}", (*account).getPhone, toRead},
		{post, "/admin/v1/phones/{phone}", (*account).modifyPhone, toWrite},
		{del, "/admin/v1/phones/{phone}", (*account).deletePhone, toWrite},

		{post, "/admin/v1/phones/{phone}/activation_url", (*account).activationURL, toWrite},
		{post, "/admin/v1/phones/{phone}/send_sms_activation", (*account).textActivation, toWrite},
		{post, "/admin/v1/phones/{phone}/send_sms_installation", (*account).textInstallation, toWrite},

		{get, "/admin/v1/tokens", (*account).listTokens, toRead},
		{get, "/admin/v1/tokens/{token}", (*account).getToken, toRead},
	}
}

func authRoutes() []route {
	return []route{
		{get, "/auth/v2/ping", (*account).ping, nothing},
		{get, "/auth/v2/check", (*account).check, toAuthenticate},
		{post, "/auth/v2/preauth", (*account).preauth, toAuthenticate},
		{post, "/auth/v2/auth", (*account).authenticate, toAuthenticate},
		{get, "/auth/v2/auth_status", (*account).authStatus, toAuthenticate},
		{post, "/auth/v2/enroll", (*account).authEnroll, toAuthenticate},
		{post, "/auth/v2/enroll_status", (*account).authEnrollStatus, toAuthenticate},
	}
}

// findRoute gives the first route of a method and path, else 404/40401, or
// 405/40501 where the path has other methods.
func findRoute(routes []route, method, path string) (route, map[string]string, *refusal) {
	code := notFound
	for _, r := range routes {
		vars, ok := match(r.pattern, path)
		if !ok {
			continue
		}
		if r.method == method {
			return r, vars, nil
		}
		code = methodNotAllowed
	}
	return route{}, nil, refuse(code, "")
}

func match(pattern, path string) (map[string]string, bool) {
	wanted, parts := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(wanted) != len(parts) {
		return nil, false
	}
	var vars map[string]string
	for i, want := range wanted {
		name, isVar := strings.CutPrefix(want, "{")
		switch {
		case !isVar && want != parts[i], isVar && parts[i] == "":
			return nil, false
		case isVar:
			if vars == nil {
				vars = make(map[string]string, 2)
			}
			vars[strings.TrimSuffix(name, "}")] = parts[i]
		}
	}
	return vars, true
}

// permits tells whether a key may use a path at all, and with this need.
func permits(kind KeyKind, path string, n need) *refusal {
	switch {
	case strings.HasPrefix(path, "/auth/") != (kind == KeyAuth):
		return refuse(forbidden, wrongApplication)
	case kind == KeyReader && n == toWrite:
		return refuse(forbidden, missingPermission)
	}
	return nil
}

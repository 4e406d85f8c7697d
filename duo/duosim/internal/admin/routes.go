// Package admin answers the calls of Duo's Admin API from an account: users (userfields.go
// takes their fields, json.go shows them) and the Trash, groups, phones and their
// activation, tokens, bypass codes, bulk calls.
package admin

import (
	"slices"

	"duosync/duo/duosim/internal/route"
)

// Routes are the endpoints of the Admin API. Of those that match a path the first
// one counts.
func Routes() []route.Route { return slices.Concat(userRoutes(), objectRoutes()) }

func userRoutes() []route.Route {
	return []route.Route{
		route.Get("/admin/v1/users", listUsers, route.ToRead),
		route.Post("/admin/v1/users", createUser, route.ToWrite),
		route.Post("/admin/v1/users/enroll", enrollUser, route.ToWrite),
		route.Post("/admin/v1/users/bulk_create", bulkCreate, route.ToWrite),
		route.Post("/admin/v1/users/bulk_send_to_trash", trashUsers, route.ToWrite),
		route.Post("/admin/v1/users/bulk_restore", restoreUsers, route.ToWrite),
		route.Post("/admin/v1/bulk", bulk, route.ToWrite),
		route.Get("/admin/v1/users/{user}", aboutUser(getUser), route.ToRead),
		route.Post("/admin/v1/users/{user}", aboutOwnUser(modifyUser), route.ToWrite),
		route.Delete("/admin/v1/users/{user}", deleteUser, route.ToWrite),
		route.Get("/admin/v1/users/{user}/groups", aboutUser(listUserGroups), route.ToRead),
		route.Post("/admin/v1/users/{user}/groups", aboutOwnUser(joinGroup), route.ToWrite),
		route.Delete("/admin/v1/users/{user}/groups/{group}", aboutOwnUser(leaveGroup), route.ToWrite),
		route.Get("/admin/v1/users/{user}/phones", aboutUser(listUserPhones), route.ToRead),
		route.Post("/admin/v1/users/{user}/phones", aboutUser(attachPhone), route.ToWrite),
		route.Delete("/admin/v1/users/{user}/phones/{phone}", aboutUser(detachPhone), route.ToWrite),
		route.Get("/admin/v1/users/{user}/tokens", aboutUser(listUserTokens), route.ToRead),
		route.Post("/admin/v1/users/{user}/tokens", aboutUser(attachToken), route.ToWrite),
		route.Get("/admin/v1/users/{user}/u2ftokens", aboutUser(noU2F), route.ToRead),
		route.Post("/admin/v1/users/{user}/bypass_codes", aboutUser(createCodes), route.ToWrite),
	}
}

// objectRoutes are those of groups, phones and tokens.
func objectRoutes() []route.Route {
	return []route.Route{
		route.Get("/admin/v1/groups", listGroups, route.ToRead),
		route.Post("/admin/v1/groups", createGroup, route.ToWrite),
		route.Get("/admin/v2/groups/{group}", aboutGroup(getGroup), route.ToRead),
		route.Post("/admin/v1/groups/{group}", aboutGroup(modifyGroup), route.ToWrite),
		route.Delete("/admin/v1/groups/{group}", deleteGroup, route.ToWrite),

		route.Get("/admin/v1/phones", listPhones, route.ToRead),
		route.Post("/admin/v1/phones", createPhone, route.ToWrite),
		route.Get("/admin/v1/phones/{phone}", aboutPhone(getPhone), route.ToRead),
		route.Post("/admin/v1/phones/{phone}", aboutPhone(modifyPhone), route.ToWrite),
		route.Delete("/admin/v1/phones/{phone}", deletePhone, route.ToWrite),

		route.Post("/admin/v1/phones/{phone}/activation_url", aboutActivatable(activationURL), route.ToWrite),
		route.Post("/admin/v1/phones/{phone}/send_sms_activation", aboutTextable(textActivation), route.ToWrite),
		route.Post("/admin/v1/phones/{phone}/send_sms_installation", aboutTextable(textInstallation), route.ToWrite),

		route.Get("/admin/v1/tokens", listTokens, route.ToRead),
		route.Get("/admin/v1/tokens/{token}", aboutToken(getToken), route.ToRead),
	}
}

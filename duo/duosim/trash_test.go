package duosim_test

import (
	"fmt"
	"testing"
	"time"

	"duosync/duo/duosim"
)

func TestTrash(t *testing.T) {
	clock := newClock()
	server, c := start(t, duosim.Options{Now: clock.Now})
	u, other := c.create("zoe", params{"status": "disabled"}), c.create("ada")
	status := func() string {
		t.Helper()
		var read user
		c.get("/admin/v1/users/"+u.ID, nil).ok(&read)
		return read.Status
	}
	list := params{"user_id_list": `["` + u.ID + `"]`} // JSON text, as Duo has it
	c.post("/admin/v1/users/bulk_send_to_trash", list).empty()
	same(t, "in the Trash", status(), "pending deletion")
	same(t, "listed", len(c.usernames(nil)), 2)

	var modified user
	c.post("/admin/v1/users/"+u.ID, params{"status": "active", "realname": "Zoe"}).ok(&modified)
	same(t, "modified, still in the Trash", modified.Status+" "+modified.Realname, "pending deletion Zoe")

	clock.advance(6*24*time.Hour + 23*time.Hour)
	c.post("/admin/v1/users/bulk_send_to_trash", list).empty() // no new term
	c.post("/admin/v1/users/bulk_restore", list).empty()
	same(t, "restored", status(), "disabled")
	c.post("/admin/v1/users/bulk_restore", list).empty()
	clock.advance(30 * 24 * time.Hour)
	same(t, "restored for good", status(), "disabled")

	c.post("/admin/v1/users/bulk_send_to_trash", params{"user_id_list": []string{u.ID, "DUXXXXXXXXXXXXXXXXXX"}}).empty()
	clock.advance(7 * 24 * time.Hour)
	c.get("/admin/v1/users/"+u.ID, nil).refused(40401, "")
	c.create("zoe")
	same(t, "other", server.Users()[0].ID, other.ID)

	for _, bad := range []any{"", "[]", other.ID, []any{1}, []any{}, manyIDs(101)} {
		c.post("/admin/v1/users/bulk_send_to_trash", params{"user_id_list": bad}).refused(40002, "user_id_list")
		c.post("/admin/v1/users/bulk_restore", params{"user_id_list": bad}).refused(40002, "user_id_list")
	}
	c.post("/admin/v1/users/bulk_restore", params{"user_id_list": manyIDs(100)}).empty()
}

func manyIDs(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("DU%018d", 1000+i)
	}
	return ids
}

// Time passes for the Trash alone, for those who go by the real clock.
func TestAgeTrash(t *testing.T) {
	server, c := start(t, duosim.Options{Now: time.Now})
	zoe, ada := c.create("zoe"), c.create("ada")
	var p phone
	c.post("/admin/v1/phones", nil).ok(&p)
	c.post("/admin/v1/users/"+zoe.ID+"/phones", params{"phone_id": p.ID}).empty()
	c.post("/admin/v1/users/bulk_send_to_trash", params{"user_id_list": []string{zoe.ID}}).empty()
	server.AgeTrash(6 * 24 * time.Hour)
	same(t, "before the time", len(server.Users()), 2)
	server.AgeTrash(24 * time.Hour)
	same(t, "left", server.Users()[0].ID, ada.ID)
	c.get("/admin/v1/phones/"+p.ID, nil).ok(&p)
	same(t, "the phone stays, without users", len(p.Users), 0)
}

func TestTrashOptions(t *testing.T) {
	clock := newClock()
	server, c := start(t, duosim.Options{Now: clock.Now, Rules: duosim.Rules{PendingDeletionDays: 1, RestoreAs: "active", AllOrNothing: true}})
	u := c.create("zoe", params{"status": "disabled"})
	c.post("/admin/v1/users/bulk_send_to_trash", params{"user_id_list": []string{u.ID, "DUX"}}).refused(40002, "user_id_list")
	same(t, "all or nothing", server.Users()[0].Status, "disabled")
	c.post("/admin/v1/users/bulk_send_to_trash", params{"user_id_list": []string{u.ID}}).empty()
	c.post("/admin/v1/users/bulk_restore", params{"user_id_list": []string{u.ID}}).empty()
	same(t, "restored as", server.Users()[0].Status, "active")
	c.post("/admin/v1/users/bulk_send_to_trash", params{"user_id_list": []string{u.ID}}).empty()
	clock.advance(24*time.Hour - time.Second)
	same(t, "a day", len(server.Users()), 1)
	clock.advance(time.Second)
	same(t, "purged", len(server.Users()), 0)
}

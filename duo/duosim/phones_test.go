package duosim_test

import (
	"testing"

	"duosync/duo/duosim"

	"github.com/google/go-cmp/cmp"
)

func TestPhones(t *testing.T) {
	server, c := start(t, duosim.Options{})
	var p, read phone
	c.post("/admin/v1/phones", params{"number": "202-555 0100", "type": "mobile", "platform": "generic smartphone", "predelay": "2"}).ok(&p)
	want := phone{ID: "DP000000000000000001", Number: "+12025550100", Type: "Mobile", Platform: "Generic Smartphone", Predelay: new("2"), Users: []user{}}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
	c.post("/admin/v1/phones", params{"number": "+1 (202) 555.0100"}).refused(40003, "")
	c.post("/admin/v1/phones", params{"number": "+12025550100", "extension": "7"}).ok(&read)
	same(t, "another with an extension", read.ID, "DP000000000000000002")
	c.post("/admin/v1/phones/"+read.ID, params{"extension": ""}).refused(40003, "")
	for range 2 { // tablets
		c.post("/admin/v1/phones", params{"platform": "apple ios"}).ok(&read)
		same(t, "platform", read.Platform, "Apple iOS")
	}
	c.post("/admin/v1/phones/"+p.ID, params{"number": "+493055501", "type": "landline"}).ok(&read)
	same(t, "modified", read.Number+" "+read.Type+" "+read.Platform, "+493055501 Landline Generic Smartphone")
	c.post("/admin/v1/phones", params{"number": "12025550100"}).ok(&read)
	same(t, "a number that is free again", read.Number, "+12025550100")

	a, b := c.create("ada"), c.create("bob")
	for _, u := range []user{a, b, a} { // shared, and once more
		c.post("/admin/v1/users/"+u.ID+"/phones", params{"phone_id": p.ID}).empty()
	}
	var found []phone
	c.get("/admin/v1/phones", params{"number": "+49 30 55501"}).ok(&found)
	same(t, "found", len(found), 1)
	same(t, "users", len(found[0].Users), 2)
	same(t, "user of the phone", found[0].Users[1].Username, "bob")
	c.get("/admin/v1/phones", params{"number": "+49 30 55501", "extension": "1"}).ok(&found)
	same(t, "found by an extension", len(found), 0)
	c.get("/admin/v1/phones", params{"number": "x"}).refused(40002, "number")
	c.get("/admin/v1/phones", nil).ok(&found)
	same(t, "all", len(found), 5)
	c.get("/admin/v1/users/"+a.ID, nil).ok(&a)
	same(t, "enrolled", a.Enrolled, true)
	same(t, "phones within the user", a.Phones[0].Number, "+493055501")
	c.get("/admin/v1/users/"+a.ID+"/phones", nil).ok(&found)
	same(t, "phones of the user", len(found), 1)

	for range 2 {
		c.delete("/admin/v1/users/"+a.ID+"/phones/"+p.ID, nil).empty()
	}
	c.delete("/admin/v1/users/"+b.ID+"/phones/"+p.ID, nil).empty()
	c.get("/admin/v1/phones/"+p.ID, nil).ok(&read)
	same(t, "survives its last user", len(read.Users), 0)
	c.post("/admin/v1/users/"+b.ID+"/phones", params{"phone_id": p.ID}).empty()
	for range 2 {
		c.delete("/admin/v1/phones/"+p.ID, nil).empty()
	}
	same(t, "phones of bob", len(server.Users()[1].Phones), 0)
	c.get("/admin/v1/phones/"+p.ID, nil).refused(40401, "")
	c.post("/admin/v1/phones/"+p.ID, nil).refused(40401, "")
	c.post("/admin/v1/users/DU/phones", params{"phone_id": read.ID}).refused(40401, "")
	c.post("/admin/v1/users/"+a.ID+"/phones", params{"phone_id": p.ID}).refused(40401, "")
	c.post("/admin/v1/users/"+a.ID+"/phones", nil).refused(40002, "phone_id")
	c.delete("/admin/v1/users/DU/phones/"+p.ID, nil).refused(40401, "")
}

func TestRefusedPhones(t *testing.T) {
	_, c := start(t, duosim.Options{})
	for _, test := range []struct{ field, value string }{
		{"number", "none"}, {"number", "+12"}, {"number", "+1234567890123456"}, {"number", "()"}, {"number", "+1+2025550100"}, {"number", "+0301234567"},
		{"type", "Mobile"}, {"platform", "Apple iOS"}, {"platform", ""}, {"extension", "x"}, {"predelay", "2s"}, {"name", "a\nb"},
	} {
		t.Run(test.field+" "+test.value, func(t *testing.T) {
			c.with(func(c *client) { c.t = t }).post("/admin/v1/phones", params{test.field: test.value}).refused(40002, test.field)
		})
	}
}

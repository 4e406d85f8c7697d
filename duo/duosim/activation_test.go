package duosim_test

import (
	"strings"
	"testing"
	"time"

	"duosync/duo/duosim"
)

type activation struct {
	URL, Barcode, Install string
	Valid                 int
	InstallMsg, ActMsg    string
}

func (c *client) activation(path string, p params) activation {
	c.t.Helper()
	var got struct {
		URL        string `json:"activation_url"`
		Barcode    string `json:"activation_barcode"`
		Install    string `json:"installation_url"`
		Valid      int    `json:"valid_secs"`
		InstallMsg string `json:"installation_msg"`
		ActMsg     string `json:"activation_msg"`
	}
	c.post(path, p).ok(&got)
	return activation(got)
}

func TestActivation(t *testing.T) {
	clock := newClock()
	server, c := start(t, duosim.Options{Now: clock.Now})
	var p phone
	c.post("/admin/v1/phones", params{"number": "+12025550100", "type": "mobile", "platform": "generic smartphone"}).ok(&p)
	path := "/admin/v1/phones/" + p.ID
	if server.Activate(p.ID) == nil {
		t.Error("activated without a link")
	}
	got := c.activation(path+"/activation_url", nil)
	if got.URL == "" || got.Barcode == "" || got.Install != "" || got.Valid != 86400 {
		t.Errorf("got %+v", got)
	}
	if with := c.activation(path+"/activation_url", params{"install": 1, "valid_secs": 60}); with.Install == "" || with.URL == got.URL {
		t.Errorf("got %+v", with)
	}
	clock.advance(time.Minute)
	if server.Activate(p.ID) == nil {
		t.Error("activated with a link of the past")
	}
	same(t, "messages", len(server.Messages()), 0)

	texted := c.activation(path+"/send_sms_activation", params{"install": "1", "activation_msg": "Go to <acturl> now"})
	if texted.InstallMsg == "" || !strings.HasPrefix(texted.ActMsg, "Go to https://") {
		t.Errorf("got %+v", texted)
	}
	if alone := c.activation(path+"/send_sms_activation", nil); alone.InstallMsg != "" || alone.ActMsg == "" || alone.Valid != 86400 {
		t.Errorf("got %+v", alone)
	}
	c.activation(path+"/send_sms_installation", params{"installation_msg": "<insturl>"})
	kinds := ""
	for _, m := range server.Messages() {
		if m.Number != p.Number || m.PhoneID != p.ID || m.Text == "" || !m.Sent.Equal(clock.Now().Truncate(time.Second)) {
			t.Errorf("message %+v", m)
		}
		kinds += string(m.Kind) + " "
	}
	same(t, "messages", kinds, "installation activation activation installation ")

	if err := server.Activate(p.ID); err != nil {
		t.Fatal(err)
	}
	if server.Activate(p.ID) == nil {
		t.Error("a link works twice")
	}
	var read struct {
		Platform  string
		Activated bool
		Abilities []string `json:"capabilities"`
	}
	c.get(path, nil).ok(&read)
	same(t, "phone", read.Platform, "Google Android")
	same(t, "activated", read.Activated, true)
	same(t, "capabilities", strings.Join(read.Abilities, " "), "auto push mobile_otp phone sms")
	c.activation(path+"/activation_url", nil)
	c.delete(path, nil).empty()
	if server.Activate(p.ID) == nil {
		t.Error("a phone that is gone was activated")
	}
}

func TestActivationRefused(t *testing.T) {
	_, c := start(t, duosim.Options{})
	fine := params{"type": "mobile", "platform": "generic smartphone"}
	for _, test := range []struct {
		name   string
		phone  params
		action string
		send   params
		code   int
		detail string
	}{
		{"type unknown", params{"platform": "apple ios"}, "activation_url", nil, 40002, "type"},
		{"landline", params{"type": "landline", "platform": "apple ios"}, "activation_url", nil, 40002, "type"},
		{"platform unknown", params{"type": "mobile"}, "activation_url", nil, 40002, "platform"},
		{"the same by SMS", params{"type": "mobile"}, "send_sms_activation", nil, 40002, "platform"},
		{"for an installation, too", params{"type": "mobile"}, "send_sms_installation", nil, 40002, "platform"},
		{"SMS to a tablet", fine, "send_sms_activation", nil, 40002, "number"},
		{"installation to a tablet", fine, "send_sms_installation", nil, 40002, "number"},
		{"valid_secs", fine, "activation_url", params{"valid_secs": 0}, 40002, "valid_secs"},
		{"install", fine, "activation_url", params{"install": "yes"}, 40002, "install"},
		{"message without its link", params{"type": "mobile", "platform": "apple ios", "number": "+12025550100"}, "send_sms_activation", params{"activation_msg": "hello"}, 40002, "activation_msg"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := c.with(func(c *client) { c.t = t })
			var p phone
			c.post("/admin/v1/phones", test.phone).ok(&p)
			c.post("/admin/v1/phones/"+p.ID+"/"+test.action, test.send).refused(test.code, test.detail)
		})
	}
	for _, action := range []string{"activation_url", "send_sms_activation", "send_sms_installation"} {
		c.post("/admin/v1/phones/DP/"+action, nil).refused(40401, "")
	}
}

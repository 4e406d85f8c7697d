package account

import (
	"fmt"
	"time"
)

// Link is an activation link.
type Link struct {
	URL, Code string
	Valid     int // seconds
}

// NewLink makes an activation link for a phone, good for some seconds; an earlier
// one no longer works.
func (a *Account) NewLink(p *Phone, valid int) Link {
	code := a.NewCode()
	a.codes.activations[p.ID] = a.Seconds().Add(time.Duration(valid) * time.Second)
	a.Changed()
	return Link{URL: "https://m.invalid/activate/" + code, Code: "duo://" + code, Valid: valid}
}

// SendText sends a text message to a phone.
func (a *Account) SendText(p *Phone, kind MessageKind, text string) {
	a.sent.messages = append(a.sent.messages, Message{PhoneID: p.ID, Number: p.Number, Kind: kind, Text: text, Sent: a.Seconds()})
	a.Changed()
}

// Activate does what a person does with an activation link. Duo Mobile tells the
// platform that it runs on.
func (a *Account) Activate(id string) error {
	p := a.Phones.Get(id)
	if p == nil {
		return fmt.Errorf("duosim: phone %q: not there", id)
	}
	if until, sent := a.codes.activations[id]; !sent || !a.now.Before(until) {
		return fmt.Errorf("duosim: phone %s: no activation link that works", id)
	}
	delete(a.codes.activations, id)
	p.Activated = true
	if p.Platform == "generic smartphone" {
		p.Platform = "google android"
	}
	a.Changed()
	return nil
}

package duosim

import (
	"fmt"
	"strings"
	"time"
)

// Message is a text message that Duo has sent to a phone.
type Message struct {
	PhoneID, Number string
	Kind            MessageKind
	Text            string
	Sent            time.Time
}

// MessageKind is what a text message is for.
type MessageKind string

// The kinds of messages.
const (
	Installation MessageKind = "installation" // where to get Duo Mobile
	Activation   MessageKind = "activation"   // the link that activates it
	Passcodes    MessageKind = "passcodes"
)

// activatable finds the phone that the path names, if Duo Mobile can run on it as
// far as Duo knows: type and platform must not be unknown.
func (a *account) activatable(c *call) (*Phone, *refusal) {
	p, bad := find(&a.phones, c, "phone")
	switch {
	case bad != nil:
		return nil, bad
	case p.Type != "mobile":
		return nil, refuse(badParameters, "type")
	case p.Platform == "unknown":
		return nil, refuse(badParameters, "platform")
	}
	return p, nil
}

// link is an activation link.
type link struct {
	url, code string
	valid     int // seconds
}

// newLink makes an activation link for a phone; an earlier one no longer works.
func (a *account) newLink(p *Phone, from args) (link, *refusal) {
	valid, bad := from.number("valid_secs", activationValid, 1)
	if bad != nil {
		return link{}, bad
	}
	code := a.newCode()
	a.activations[p.ID] = a.seconds().Add(time.Duration(valid) * time.Second)
	a.changes++
	return link{url: "https://m.invalid/activate/" + code, code: "duo://" + code, valid: valid}, nil
}

const installURL = "https://m.invalid/install"

// activationURL makes an activation link and answers it.
func (a *account) activationURL(c *call) (any, *refusal) {
	p, bad := a.activatable(c)
	if bad != nil {
		return nil, bad
	}
	install, bad := c.args.flag("install", false)
	if bad != nil {
		return nil, bad
	}
	made, bad := a.newLink(p, c.args)
	if bad != nil {
		return nil, bad
	}
	answer := map[string]any{"activation_url": made.url, "activation_barcode": barcode(made.code), "valid_secs": made.valid}
	if install {
		answer["installation_url"] = installURL
	}
	return answer, nil
}

// textActivation makes an activation link and sends it, after the link to Duo
// Mobile itself where that is asked for.
func (a *account) textActivation(c *call) (any, *refusal) {
	p, bad := a.activatable(c)
	if bad == nil && p.Number == "" {
		bad = refuse(badParameters, "number")
	}
	if bad != nil {
		return nil, bad
	}
	install, bad := c.args.flag("install", false)
	if bad != nil {
		return nil, bad
	}
	installation, bad := template(c.args, "installation_msg", "<insturl>", "To install the app for Duo Mobile open <insturl>")
	if bad != nil {
		return nil, bad
	}
	activation, bad := template(c.args, "activation_msg", "<acturl>", "To activate the app for Duo Mobile open <acturl>")
	if bad != nil {
		return nil, bad
	}
	made, bad := a.newLink(p, c.args)
	if bad != nil {
		return nil, bad
	}
	answer := map[string]any{"activation_barcode": barcode(made.code), "valid_secs": made.valid}
	if install {
		answer["installation_msg"] = a.text(p, Installation, strings.ReplaceAll(installation, "<insturl>", installURL))
	}
	answer["activation_msg"] = a.text(p, Activation, strings.ReplaceAll(activation, "<acturl>", made.url))
	return answer, nil
}

func (a *account) textInstallation(c *call) (any, *refusal) {
	p, bad := a.activatable(c)
	if bad == nil && p.Number == "" {
		bad = refuse(badParameters, "number")
	}
	if bad != nil {
		return nil, bad
	}
	text, bad := template(c.args, "installation_msg", "<insturl>", "To install the app for Duo Mobile open <insturl>")
	if bad != nil {
		return nil, bad
	}
	return map[string]any{"installation_msg": a.text(p, Installation, strings.ReplaceAll(text, "<insturl>", installURL))}, nil
}

// template reads the text of a message, which must hold the place of its link.
func template(from args, parameter, place, usual string) (string, *refusal) {
	if !from.has(parameter) {
		return usual, nil
	}
	text, bad := from.text(parameter)
	if bad != nil || !strings.Contains(text, place) {
		return "", refuse(badParameters, parameter)
	}
	return text, nil
}

func (a *account) text(p *Phone, kind MessageKind, text string) string {
	a.messages = append(a.messages, Message{PhoneID: p.ID, Number: p.Number, Kind: kind, Text: text, Sent: a.seconds()})
	a.changes++
	return text
}

// activate does what a person does with an activation link. Duo Mobile tells the
// platform that it runs on.
func (a *account) activate(id string) error {
	p := a.phones.get(id)
	if p == nil {
		return fmt.Errorf("duosim: phone %q: not there", id)
	}
	if until, sent := a.activations[id]; !sent || !a.now.Before(until) {
		return fmt.Errorf("duosim: phone %s: no activation link that works", id)
	}
	delete(a.activations, id)
	p.Activated = true
	if p.Platform == "generic smartphone" {
		p.Platform = "google android"
	}
	a.changes++
	return nil
}

package admin

import (
	"strings"

	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

// aboutActivatable is about a phone on which Duo Mobile can run as far as Duo knows:
// type and platform must not be unknown.
func aboutActivatable(handle about[account.Phone]) route.Handler {
	return aboutPhone(func(a *account.Account, c *route.Call, p *account.Phone) (any, *protocol.Refusal) {
		switch {
		case p.Type != "mobile":
			return nil, protocol.BadParameter("type")
		case p.Platform == "unknown":
			return nil, protocol.BadParameter("platform")
		}
		return handle(a, c, p)
	})
}

// aboutTextable is about one that takes text messages, too.
func aboutTextable(handle about[account.Phone]) route.Handler {
	return aboutActivatable(func(a *account.Account, c *route.Call, p *account.Phone) (any, *protocol.Refusal) {
		if p.Number == "" {
			return nil, protocol.BadParameter("number")
		}
		return handle(a, c, p)
	})
}

const (
	installURL  = "https://m.invalid/install"
	installText = "To install the app for Duo Mobile open <insturl>"
)

// activationURL makes an activation link and answers it.
func activationURL(a *account.Account, c *route.Call, p *account.Phone) (any, *protocol.Refusal) {
	install, bad := c.Args.Flag("install", false)
	if bad != nil {
		return nil, bad
	}
	valid, bad := c.Args.Number("valid_secs", account.ActivationValid, 1)
	if bad != nil {
		return nil, bad
	}
	made := a.NewLink(p, valid)
	answer := map[string]any{"activation_url": made.URL, "activation_barcode": account.Barcode(made.Code), "valid_secs": made.Valid}
	if install {
		answer["installation_url"] = installURL
	}
	return answer, nil
}

// textActivation makes an activation link and sends it, after the link to Duo
// Mobile itself where that is asked for.
func textActivation(a *account.Account, c *route.Call, p *account.Phone) (any, *protocol.Refusal) {
	install, bad := c.Args.Flag("install", false)
	if bad != nil {
		return nil, bad
	}
	installation, bad := template(c.Args, "installation_msg", "<insturl>", installText)
	if bad != nil {
		return nil, bad
	}
	activation, bad := template(c.Args, "activation_msg", "<acturl>", "To activate the app for Duo Mobile open <acturl>")
	if bad != nil {
		return nil, bad
	}
	valid, bad := c.Args.Number("valid_secs", account.ActivationValid, 1)
	if bad != nil {
		return nil, bad
	}
	made := a.NewLink(p, valid)
	answer := map[string]any{"activation_barcode": account.Barcode(made.Code), "valid_secs": made.Valid}
	if install {
		answer["installation_msg"] = send(a, p, account.Installation, installation, "<insturl>", installURL)
	}
	answer["activation_msg"] = send(a, p, account.Activation, activation, "<acturl>", made.URL)
	return answer, nil
}

// textInstallation sends the link to Duo Mobile.
func textInstallation(a *account.Account, c *route.Call, p *account.Phone) (any, *protocol.Refusal) {
	text, bad := template(c.Args, "installation_msg", "<insturl>", installText)
	if bad != nil {
		return nil, bad
	}
	return map[string]any{"installation_msg": send(a, p, account.Installation, text, "<insturl>", installURL)}, nil
}

// template reads the text of a message, which must hold the place of its link.
func template(from protocol.Args, parameter, place, usual string) (string, *protocol.Refusal) {
	if !from.Has(parameter) {
		return usual, nil
	}
	text, bad := from.Text(parameter)
	if bad != nil || !strings.Contains(text, place) {
		return "", protocol.BadParameter(parameter)
	}
	return text, nil
}

// send sends a message with its link in place, and gives it.
func send(a *account.Account, p *account.Phone, kind account.MessageKind, text, place, link string) string {
	text = strings.ReplaceAll(text, place, link)
	a.SendText(p, kind, text)
	return text
}

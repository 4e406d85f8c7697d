package channel

import (
	"fmt"
	"net/http"
	"strings"

	dirsync "duosync/sync"
)

// fault is what can be wrong on the way to a receiver: what its error says, in small letters, what that
// means, and what to do about it for a webhook and for mail.
type fault struct {
	signs      []string
	words      string
	hook, mail string
}

// The faults of the network and of TLS, those that others contain first. What a receiver answers has
// its own tables: answers below, replies in mail.go.
var faults = []fault{
	{[]string{"no such host"}, "DNS does not know that name",
		"Correct the host in notify.webhook_url, or have this machine's DNS know it.",
		"Correct the host in notify.email.smtp_url, or have this machine's DNS know it."},
	{[]string{"server misbehaving", "temporary failure in name resolution", "lookup "}, "DNS gives no answer",
		"See whether this machine can resolve names: /etc/resolv.conf, and what it names.",
		"See whether this machine can resolve names: /etc/resolv.conf, and what it names."},
	{[]string{"connection refused"}, "nothing listens there",
		"See whether the receiver runs, and host and port in notify.webhook_url.",
		"See whether the mail server runs, and host and port in notify.email.smtp_url; without a port it is 587, with smtps:// 465, on this machine 25."},
	{[]string{"network is unreachable", "no route to host", "host is unreachable"}, "there is no way to it from this machine",
		"See to the network or the firewall; where a proxy leads out, set HTTPS_PROXY.",
		"See to the network or the firewall: mail goes by no proxy."},
	{[]string{"http response to https client"}, "it speaks no TLS there",
		"Correct the port in notify.webhook_url: that one is for http://.", ""},
	{[]string{"first record does not look like a tls handshake", "wrong version number"}, "it speaks no TLS from the start there",
		"Correct the port in notify.webhook_url: https:// is another one.",
		"Use smtp:// for that port, which begins TLS by STARTTLS (587), or the port of smtps:// (465)."},
	{[]string{"malformed http"}, "it does not speak HTTP there",
		"Correct scheme, host and port of notify.webhook_url.", ""},
	{[]string{"proxyconnect", "proxy authentication"}, "the proxy does not let it through",
		"See to the proxy in HTTPS_PROXY, or name the receiver's host in NO_PROXY.", ""},
	{[]string{"sending message content", "closing smtp data"}, closedWithin,
		"", "It may have the mail, so it is not sent again at once. See the log of the mail server: a filter for content or size may have ended it."},
	{[]string{"eof", "connection reset", "broken pipe", "closed network connection", "short response"}, closedIt,
		"See whether something listens there that takes webhooks, and the scheme of notify.webhook_url: http:// at a port for TLS is answered like that.",
		"See the log of the mail server; at a port for TLS from the start (465) use smtps://, else smtp://."},
}

const (
	closedIt     = "it closed the connection without an answer"
	closedWithin = "it closed the connection in the middle of the mail"
)

// faultOf finds the fault that an error tells of; nil: none that is known.
func faultOf(text string) *fault {
	text = strings.ToLower(text)
	for i := range faults {
		for _, sign := range faults[i].signs {
			if strings.Contains(text, sign) {
				return &faults[i]
			}
		}
	}
	return nil
}

// late says that a receiver gives no answer in time, and what to do.
func late(key, host string, within fmt.Stringer, hint string) error {
	return dirsync.WithHint(fmt.Errorf("%s: %s: no answer within %s", key, host, within), hint)
}

// What to do about a receiver that gives no answer.
const (
	lateHook = "It may have the message. See whether the receiver hangs, or a firewall drops what is sent to it."
	lateMail = "It may have the mail. See whether the server hangs, or a firewall drops what is sent to it; at a port for TLS from the start (465) use smtps://."
)

// answers are what to do about the answer of a webhook, by its code.
var answers = map[int]string{
	http.StatusBadRequest:            formatHint,
	http.StatusUnprocessableEntity:   formatHint,
	http.StatusUnsupportedMediaType:  formatHint,
	http.StatusUnauthorized:          goneHint,
	http.StatusForbidden:             goneHint,
	http.StatusNotFound:              goneHint,
	http.StatusGone:                  goneHint,
	http.StatusMethodNotAllowed:      "That address takes no messages: set notify.webhook_url to the one that the receiver shows for webhooks.",
	http.StatusRequestEntityTooLarge: "The receiver takes less at once: raise its limit to 64 KB.",
	http.StatusProxyAuthRequired:     "The proxy wants a login: write it into HTTPS_PROXY.",
	http.StatusTooManyRequests:       "The receiver is sent too much at once, by others too. It was tried again; what was not taken is told by the next run.",
}

const (
	formatHint = "The receiver does not read this: see whether notify.webhook_format (json, slack, teams) is what it wants."
	goneHint   = "The webhook is not there any more, or not for everybody: make a new one, and set notify.webhook_url to it."
	brokenHint = "Something is wrong with the receiver, or what stands before it: see its log. It was tried again; what was not taken is told by the next run."
)

// answerHint gives what to do about a code.
func answerHint(code int) string {
	if code >= http.StatusInternalServerError {
		return brokenHint
	}
	return answers[code]
}

package message

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// JSON is duosync's own form. What is not seen as such is escaped, so that it does nothing either
// to whoever looks at it as it is.
func (m *Message) JSON() ([]byte, error) {
	data, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	escaped := make([]byte, 0, len(data))
	for _, r := range string(data) {
		switch {
		case unicode.IsPrint(r):
			escaped = utf8.AppendRune(escaped, r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			escaped = fmt.Appendf(escaped, `\u%04x\u%04x`, high, low)
		default:
			escaped = fmt.Appendf(escaped, `\u%04x`, r)
		}
	}
	return escaped, nil
}

const (
	slackHeader = 150  // characters of a header
	slackText   = 2900 // of a section; 3,000 are taken
	slackMost   = 45   // blocks; 50 are taken
)

// slackEscape is what Slack asks for: nothing is a mention or a link without these signs
// (https://docs.slack.dev/messaging/formatting-message-text).
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

type object = map[string]any

// Slack is a message for an incoming webhook. Whatever comes from outside stands in plain
// text, in which there is no markup, nor an emoji; the link alone is markup.
func (m *Message) Slack() ([]byte, error) {
	plain := func(text string, most int) object {
		escaped := slackEscape.Replace(text)
		for runes := []rune(text); utf8.RuneCountInString(escaped) > most; {
			runes = runes[:len(runes)*9/10]
			escaped = slackEscape.Replace(string(runes)) + "…"
		}
		return object{"type": "plain_text", "text": escaped, "emoji": false}
	}
	section := func(text string) object { return object{"type": "section", "text": plain(text, slackText)} }
	blocks := []object{{"type": "header", "text": plain(m.page.title, slackHeader)}}
	if utf8.RuneCountInString(slackEscape.Replace(m.page.title)) > slackHeader {
		blocks = []object{{"type": "header", "text": plain("duosync "+m.Account, slackHeader)}, section(m.page.title)}
	}
	var part strings.Builder
	end := func() {
		if part.Len() > 0 && len(blocks) < slackMost {
			blocks = append(blocks, section(strings.TrimSuffix(part.String(), "\n")))
		}
		part.Reset()
	}
	for _, x := range m.page.blocks {
		if x.kind == heading || x.kind == prose || part.Len()+len(x.text) > slackText/2 {
			end()
		}
		switch x.kind {
		case item:
			part.WriteString("• " + x.text + "\n")
		case command:
			part.WriteString("    " + x.text + "\n")
		default:
			part.WriteString(x.text + "\n")
		}
	}
	end()
	if m.page.link != "" {
		blocks = append(blocks, object{"type": "section", "text": object{"type": "mrkdwn", "text": "<" + slackEscape.Replace(m.page.link) + "|Open duosync>", "verbatim": true}})
	}
	return json.Marshal(object{"text": slackEscape.Replace(m.page.title), "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
}

// teamsMost is how many bytes of text a card has at most: a message takes 28 KB.
const teamsMost = 12 << 10

// Teams is a message for a webhook of Power Automate's Workflows: an Adaptive Card. Whatever
// comes from outside stands in runs of text, in which, unlike in a TextBlock, there is no
// Markdown.
func (m *Message) Teams() ([]byte, error) {
	text := func(x block) object {
		run := object{"type": "TextRun", "text": x.text}
		rich := object{"type": "RichTextBlock", "inlines": []object{run}}
		switch x.kind {
		case heading:
			run["weight"], rich["separator"], rich["spacing"] = "Bolder", true, "Medium"
		case item:
			run["text"] = "• " + x.text
			rich["spacing"] = "Small"
		case command:
			run["fontType"], rich["spacing"] = "Monospace", "None"
		case fact:
			run["size"], run["isSubtle"], rich["spacing"] = "Small", true, "None"
		}
		return rich
	}
	title := object{"type": "TextRun", "text": m.page.title, "weight": "Bolder", "size": "Medium"}
	if color := m.color(); color != "" {
		title["color"] = color
	}
	body, size := []object{{"type": "RichTextBlock", "inlines": []object{title}}}, 0
	for _, x := range m.page.blocks {
		if size += len(x.text) + 100; size > teamsMost {
			body = append(body, text(block{prose, "More is in duosync's history."}))
			break
		}
		body = append(body, text(x))
	}
	card := object{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
		"body": body, "msteams": object{"width": "Full"}}
	if m.page.link != "" {
		card["actions"] = []object{{"type": "Action.OpenUrl", "title": "Open duosync", "url": m.page.link}}
	}
	return json.Marshal(object{"type": "message", "attachments": []object{
		{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card},
	}})
}

// color is that of an Adaptive Card for how grave a message is; "": none.
func (m *Message) color() string {
	switch {
	case m.Run.Outcome == "failed" || m.whole():
		return "Attention"
	case len(m.Guards) > 0 || m.PeopleTotal > 0:
		return "Warning"
	}
	return ""
}

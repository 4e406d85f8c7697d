package api_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"duosync/duo/api"
	"duosync/duo/api/apitest"
	dirsync "duosync/sync"
)

// TestEchoesAreHidden has Duo, or what answers in its place, say in every part of an
// answer what it was sent in confidence.
func TestEchoesAreHidden(t *testing.T) {
	t.Parallel()
	for name, echo := range map[string]string{
		"whole":      apitest.SecretKey,
		"the end":    apitest.SecretKey[20:],
		"upper case": strings.ToUpper(apitest.SecretKey),
		"base64":     base64.StdEncoding.EncodeToString([]byte(apitest.IntegrationKey + ":" + apitest.SecretKey)),
		"in lines":   apitest.SecretKey[:10] + "\r\n" + apitest.SecretKey[10:],
		"late":       strings.Repeat("x", 195) + apitest.SecretKey,
		"escaped":    strings.ReplaceAll(url.QueryEscape(apitest.SecretKey), "Z", "%5A"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := func(before string) string { quoted, _ := json.Marshal(before + echo); return string(quoted) }
			four := func(x exchange) []exchange { return slices.Repeat([]exchange{x}, 4) } // a stray answer is asked for again
			p := newPlay(t, slices.Concat(
				four(exchange{Call: list, Status: 404, Header: map[string]string{"Content-Type": strings.Map(printable, echo)}, Body: "<html>"}),
				[]exchange{{Call: list, Status: 400, Body: `{"stat": "FAIL", "code": 40002, "message": ` + text("you sent ") + `, "message_detail": ` + text("") + `}`}},
				four(exchange{Call: one, Body: `{"stat": "OK", "response": {"user_id": ` + text("DU") + `, "username": "ann"}}`}),
				four(exchange{Call: one, Body: `{"stat": "OK", "response": {"user_id": [], "username": ` + text("") + `}}`}),
				four(exchange{Call: "POST /auth/v2/preauth", Body: ok(`{"result": ` + text("") + `}`)}),
				[]exchange{
					{Call: "POST /auth/v2/preauth", Body: ok(`{"result": "auth", "status_msg": ` + text("") + `, "devices": [{"name": ` + text("") + `, "capabilities": [` + text("") + `]}]}`)},
					{Call: "POST /auth/v2/auth", Body: ok(`{"result": "deny", "status": ` + text("") + `, "status_msg": ` + text("") + `}`)},
				})...)
			c, auth := connect(t, p.Options()), newAuth(t, p.Options())
			var said []string
			failed := func(err error) {
				t.Helper()
				if err == nil {
					t.Error("no error")
					return
				}
				said = append(said, err.Error(), dirsync.Hint(err))
			}
			for range 2 {
				_, err := c.CountUsers(t.Context())
				failed(err)
			}
			for range 2 {
				_, err := c.User(t.Context(), "DU1")
				failed(err)
			}
			_, err := auth.Preauth(t.Context(), api.Who{Name: "ann"})
			failed(err)
			asked, err := auth.Preauth(t.Context(), api.Who{Name: "ann"})
			if err != nil {
				t.Fatal(err)
			}
			said = append(said, asked.Message, asked.Devices[0].Name, strings.Join(asked.Devices[0].Capabilities, " "))
			verdict, err := auth.Passcode(t.Context(), api.Who{Name: "ann"}, "123456")
			if err != nil {
				t.Fatal(err)
			}
			said = append(said, verdict.Status, verdict.Message)
			for _, text := range said {
				for i := range len(echo) - 7 {
					if piece := echo[i : i+8]; piece != "xxxxxxxx" && !strings.Contains(base64.StdEncoding.EncodeToString([]byte(apitest.IntegrationKey+":")), piece) && strings.Contains(text, piece) {
						t.Fatalf("%q shows in %q", piece, text)
					}
				}
			}
		})
	}
}

func printable(r rune) rune {
	if r < ' ' {
		return -1
	}
	return r
}

// TestProofIsHidden has what answers in Duo's place repeat the signature of the call,
// with which it could send the call once more.
func TestProofIsHidden(t *testing.T) {
	t.Parallel()
	p := newPlay(t, exchange{Call: list, Status: 400, Echo: true})
	_, err := connect(t, p.Options()).CountUsers(t.Context())
	if err == nil || !strings.Contains(err.Error(), "you sent Basic") || !strings.Contains(err.Error(), "<secret>") {
		t.Fatalf("%v", err)
	}
	for _, word := range strings.FieldsFunc(err.Error(), func(r rune) bool { return strings.ContainsRune(" <>()", r) }) {
		if b, _ := base64.RawStdEncoding.DecodeString(word); len(word) > 40 || strings.Count(string(b), ":") > 0 && len(b) > len(apitest.IntegrationKey)+8 {
			t.Errorf("%q holds %q", err, b)
		}
	}
}

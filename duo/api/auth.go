package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	dirsync "duosync/sync"
)

// The calls of Duo's Auth API (https://duo.com/docs/authapi).
const (
	preauthPath    = "/auth/v2/preauth"
	authPath       = "/auth/v2/auth"
	authStatusPath = "/auth/v2/auth_status"
)

// What Duo answers to a preauth.
const (
	PreauthAuth   = "auth"   // a second factor is asked for
	PreauthAllow  = "allow"  // none is: bypass, or a policy
	PreauthEnroll = "enroll" // a device must be enrolled first
	PreauthDeny   = "deny"
)

// AuthClient calls Duo's Auth API, which has an application and keys of its own. It
// is safe for concurrent use. As no answer names the user, each call goes on a connection
// of its own, on which no answer about anybody else can come.
type AuthClient struct{ client *Client }

// NewAuth checks the options, whose keys are those of an Auth API application, and
// returns a client. It makes no call.
func NewAuth(o Options) (*AuthClient, error) {
	if o.IntegrationKey == "" || o.SecretKey == "" {
		return nil, dirsync.WithHint(errors.New("the keys of an Auth API application are missing"),
			"make an application of the kind Auth API (Duo Admin Panel, Applications), and set duo.auth.integration_key and "+
				"duo.auth.secret_key to its keys; those of the Admin API application do not work here")
	}
	client, err := New(o)
	if err != nil {
		return nil, authError(err)
	}
	return &AuthClient{client.Apart()}, nil
}

// Close gives idle connections back.
func (c *AuthClient) Close() { c.client.Close() }

// Who is a user as the Auth API is asked about one: by user_id, or else by name. A
// name need not belong to a user: Duo answers for unknown ones by its new user
// policy.
type Who struct {
	ID   string // user_id
	Name string // username or alias; not used beside an ID
}

func (w Who) params() map[string]string {
	if w.ID != "" {
		return map[string]string{"user_id": w.ID}
	}
	return map[string]string{"username": w.Name}
}

// Preauth is what Duo would do with a login. The link by which a user may enroll is
// left out: whoever has it could enroll in the user's stead.
type Preauth struct {
	Result  string // PreauthAuth, PreauthAllow, PreauthEnroll or PreauthDeny
	Message string // Duo's words for it
	Devices []Device
}

// Device is a device with which a user can authenticate.
type Device struct {
	Name         string // as Duo shows it to the user, else its number or its kind
	Capabilities []string
}

type deviceJSON struct {
	ID           text   `json:"device"`
	DisplayName  text   `json:"display_name"`
	Name         text   `json:"name"`
	Number       text   `json:"number"`
	Type         text   `json:"type"`
	Capabilities []text `json:"capabilities"`
}

// UnmarshalJSON reads Duo's form.
func (d *Device) UnmarshalJSON(data []byte) error {
	var j deviceJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	*d = Device{}
	for _, name := range []text{j.DisplayName, j.Name, j.Number, j.Type, j.ID} {
		if d.Name = string(name); Tidy(d.Name) != "" {
			break
		}
	}
	for _, capability := range j.Capabilities {
		d.Capabilities = append(d.Capabilities, string(capability))
	}
	return nil
}

// tidy makes fit for one line what Duo says of the device.
func (d *Device) tidy(c *Client) {
	d.Name = c.tidy(d.Name)
	for i := range d.Capabilities {
		d.Capabilities[i] = c.tidy(d.Capabilities[i])
	}
}

// Preauth asks what Duo would do with a login of a user (POST /auth/v2/preauth). It
// changes nothing, and nobody is bothered. A user whom Duo does not know is
// ErrUnknownUser, or for a name what the new user policy says.
func (c *AuthClient) Preauth(ctx context.Context, who Who) (*Preauth, error) {
	q := request{method: http.MethodPost, path: preauthPath, params: who.params()}
	answer, err := ask(ctx, c.client, q, readPreauth)
	if err != nil {
		return nil, authError(err)
	}
	answer.Message = c.client.tidy(answer.Message)
	for i := range answer.Devices {
		answer.Devices[i].tidy(c.client)
	}
	return answer, nil
}

// readPreauth reads what Duo says, as it says it.
func readPreauth(r *reply) (*Preauth, error) {
	var answer struct {
		Result  text     `json:"result"`
		Message text     `json:"status_msg"`
		Devices []Device `json:"devices"`
	}
	if err := json.Unmarshal(r.Response, &answer); err != nil {
		return nil, malformed("an answer of another form", err)
	}
	switch answer.Result {
	case PreauthAuth, PreauthAllow, PreauthEnroll, PreauthDeny:
		return &Preauth{Result: string(answer.Result), Message: string(answer.Message), Devices: answer.Devices}, nil
	}
	return nil, errors.New("a result that is not known: " + string(answer.Result))
}

// Verdict is how a login went.
type Verdict struct {
	Allowed bool
	Status  string // Duo's word for why, such as allow, bypass, deny, timeout or fraud
	Message string // Duo's sentence for it
}

// Passcode logs a user in with a passcode of any kind: of Duo Mobile, a token, an SMS
// or a bypass code. It uses the code up, and a wrong one counts towards a lockout.
// One that may have reached Duo is not sent again.
func (c *AuthClient) Passcode(ctx context.Context, who Who, code string) (*Verdict, error) {
	if code == "" {
		return nil, errors.New("the passcode is empty")
	}
	params := who.params()
	params["factor"], params["passcode"] = "passcode", code
	answer, err := c.call(ctx, request{method: http.MethodPost, path: authPath, params: params, once: true, confidential: code})
	if err != nil {
		return nil, err
	}
	return answer.verdict(), nil
}

// Push sends a push to a user's devices and waits for the answer; ctx bounds how long.
// Duo itself gives up after about a minute. waiting gets Duo's words on how it stands
// whenever they change. A push that may have reached Duo is not sent again. A user
// without a device that takes one is ErrNoDevice.
func (c *AuthClient) Push(ctx context.Context, who Who, waiting func(message string)) (*Verdict, error) {
	params := who.params()
	params["factor"], params["device"], params["async"], params["type"] = "push", "auto", "1", "duosync verify"
	answer, err := c.call(ctx, request{method: http.MethodPost, path: authPath, params: params, once: true})
	if err != nil {
		return nil, err
	}
	if answer.Transaction == "" { // decided at once
		return answer.verdict(), nil
	}
	transaction, last := string(answer.Transaction), ""
	for {
		answer, err := c.call(ctx, request{method: http.MethodGet, path: authStatusPath, params: map[string]string{"txid": transaction}})
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			return nil, err
		}
		if answer.Result != resultWaiting {
			return answer.verdict(), nil
		}
		if message := string(answer.Message); message != last {
			last = message
			waiting(message)
		}
		if c.client.sleep(ctx, statusEvery) != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// statusEvery is the pause between two looks at a push. Duo holds the answer back
// until there is news, as a rule.
const statusEvery = time.Second

// authAnswer is what Duo says of a login; all but Transaction is tidy.
type authAnswer struct {
	Result      text `json:"result"`
	Status      text `json:"status"`
	Message     text `json:"status_msg"`
	Transaction text `json:"txid"`
}

// What Duo says of a login.
const (
	resultAllow   = "allow"
	resultDeny    = "deny"
	resultWaiting = "waiting"
)

// check says why an answer is not one to such a call, or nil. A login that is to be
// waited for has a transaction and no result yet.
func (a *authAnswer) check(path string) error {
	switch {
	case a.Result == resultAllow, a.Result == resultDeny, a.Result == resultWaiting && path == authStatusPath, a.Transaction != "" && path == authPath:
		return nil
	}
	return errors.New("a result that is not known: " + string(a.Result))
}

func (a *authAnswer) verdict() *Verdict {
	return &Verdict{Allowed: a.Result == resultAllow, Status: string(a.Status), Message: string(a.Message)}
}

func (c *AuthClient) call(ctx context.Context, q request) (*authAnswer, error) {
	answer, err := ask(ctx, c.client, q, func(r *reply) (*authAnswer, error) {
		var answer authAnswer
		if json.Unmarshal(r.Response, &answer) != nil {
			return nil, errors.New("an answer of another form")
		}
		return &answer, answer.check(q.path)
	})
	if err != nil {
		return nil, authError(err)
	}
	hidden := c.client.hiddenOf(&q)
	for _, said := range []*text{&answer.Result, &answer.Status, &answer.Message} {
		*said = text(hidden.Line(string(*said), maxWords))
	}
	return answer, nil
}

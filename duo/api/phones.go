package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	dirsync "duosync/sync"
)

const (
	phonesPath = "/admin/v1/phones"
	// PhonesPage is how many phones are read in one call: Duo's maximum.
	PhonesPage = 500
)

// Types and platforms of phones as the Admin API takes them. A mobile phone needs
// a platform before Duo can send it anything.
const (
	typeMobile        = "mobile"
	genericSmartphone = "generic smartphone"
)

// EachPhone gives visit every phone of the account, 500 a call. One that cannot
// be read whole is left out: the caller compares with total, which is Duo's
// total_objects, or -1 where Duo does not tell it.
func (c *Client) EachPhone(ctx context.Context, visit func(dirsync.Phone) error) (total int, err error) {
	return eachPage(ctx, c, phonesPath, PhonesPage, func(p phone) error {
		if whole, err := p.whole(); err == nil {
			return visit(*whole)
		}
		return nil
	})
}

// CountPhones asks for a single phone and returns Duo's total, or -1.
func (c *Client) CountPhones(ctx context.Context) (int, error) { return c.count(ctx, phonesPath) }

// Phone returns the phone with this id, with its users, or ErrNotFound.
func (c *Client) Phone(ctx context.Context, id string) (*dirsync.Phone, error) {
	path, err := objectPath(phonesPath, id, "phone")
	if err != nil {
		return nil, err
	}
	r, err := c.do(ctx, request{method: http.MethodGet, path: path})
	if err != nil {
		return nil, err
	}
	whole, err := readPhone(r, (*phone).whole)
	switch {
	case err != nil:
		return nil, strange(http.MethodGet, path, err.Error())
	case whole.ID != id:
		return nil, strange(http.MethodGet, path, "the phone "+Tidy(whole.ID)+", which was not asked for")
	}
	return whole, nil
}

// PhoneByNumber returns the phone with exactly this number (E.164) and extension,
// with its users, or nil. A number that Duo refuses (40002) is in no phone.
func (c *Client) PhoneByNumber(ctx context.Context, number, extension string) (*dirsync.Phone, error) {
	params := map[string]string{"number": number}
	if extension != "" {
		params["extension"] = extension
	}
	found, _, err := getList[phone](ctx, c, phonesPath, params)
	if errors.Is(err, ErrInvalid) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	others := false
	for i := range found {
		p := found[i].plain()
		if p.Text() == dirsync.PhoneText(number, extension) {
			whole, err := found[i].whole()
			if err != nil {
				return nil, strange(http.MethodGet, phonesPath, err.Error())
			}
			return whole, nil
		}
		others = others || p.Number != number
	}
	if others && len(found) > 1 {
		return nil, strange(http.MethodGet, phonesPath, "phones that were not asked for by number")
	}
	return nil, nil
}

// CreatePhone makes a phone of this number (E.164), extension, which may be "",
// and type, mobile or landline. It is sent once: after a failure that leaves its
// fate open the caller looks the number up. ErrDuplicate means that there is a
// phone with that number and extension.
func (c *Client) CreatePhone(ctx context.Context, number, extension, kind string) (*dirsync.Phone, error) {
	params := map[string]string{"number": number, "type": kind}
	if extension != "" {
		params["extension"] = extension
	}
	if kind == typeMobile {
		params["platform"] = genericSmartphone
	}
	r, err := c.do(ctx, request{method: http.MethodPost, path: phonesPath, params: params, once: true})
	if err != nil {
		return nil, err
	}
	p, err := readPhone(r, func(p *phone) (*dirsync.Phone, error) {
		plain := p.plain()
		return &plain, nil
	})
	if err != nil {
		return nil, strange(http.MethodPost, phonesPath, err.Error())
	}
	return p, nil
}

// DeletePhone deletes a phone; whoever has it loses it. Duo answers the same for
// an id that does not exist.
func (c *Client) DeletePhone(ctx context.Context, id string) error {
	return c.delete(ctx, phonesPath, id, "phone")
}

// AttachPhone gives a user a phone; once more does no harm. ErrNotFound means that
// one of them does not exist, ErrLimit that the user has 100 phones or the phone
// 100 users.
func (c *Client) AttachPhone(ctx context.Context, user, phone string) error {
	return c.associate(ctx, user, "phones", "phone_id", phone)
}

// DetachPhone takes a phone from a user. The phone stays, and Duo answers the same
// where the user does not have it.
func (c *Client) DetachPhone(ctx context.Context, user, phone string) error {
	return c.dissociate(ctx, user, "phones", phone)
}

func readPhone(r *reply, read func(*phone) (*dirsync.Phone, error)) (*dirsync.Phone, error) {
	var p phone
	if err := json.Unmarshal(r.Response, &p); err != nil {
		return nil, errors.New("a phone that cannot be read: " + Tidy(err.Error()))
	}
	return read(&p)
}

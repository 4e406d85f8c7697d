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
	return ask(ctx, c, request{method: http.MethodGet, path: path}, func(r *reply) (*dirsync.Phone, error) {
		whole, err := readPhone(r, (*phone).whole)
		if err == nil && whole.ID != id {
			err = errors.New("the phone " + whole.ID + ", which was not asked for")
		}
		return whole, err
	})
}

// PhoneByNumber returns the phone with exactly this number (E.164) and extension,
// with its users, or nil. A number that Duo refuses (40002) is in no phone. An answer
// with a phone of another number is asked for once more, and then is how Duo understands
// the number.
func (c *Client) PhoneByNumber(ctx context.Context, number, extension string) (*dirsync.Phone, error) {
	p, others, err := c.phoneByNumber(ctx, number, extension)
	if err == nil && p == nil && others {
		p, _, err = c.Apart().phoneByNumber(ctx, number, extension)
	}
	if errors.Is(err, ErrInvalid) {
		return nil, nil
	}
	return p, err
}

// phoneByNumber asks once; others reports whether the answer has a phone of another
// number.
func (c *Client) phoneByNumber(ctx context.Context, number, extension string) (p *dirsync.Phone, others bool, err error) {
	params := map[string]string{"number": number}
	if extension != "" {
		params["extension"] = extension
	}
	_, err = getList(ctx, c, phonesPath, params, func(found []phone) (err error) {
		p, others = nil, false
		for i := range found {
			shown := found[i].plain()
			if shown.Text() == dirsync.PhoneText(number, extension) {
				p, err = found[i].whole()
				return err
			}
			others = others || shown.Number != number
		}
		if others && len(found) > 1 {
			return errors.New("phones that were not asked for by number")
		}
		return nil
	})
	return p, others, err
}

// CreatePhone makes a phone of this number (E.164), extension, which may be "",
// and type, mobile or landline. It is sent once: after a failure that leaves its
// fate open the caller looks the number up. ErrDuplicate means that there is a
// phone with that number and extension; an answer with another number is an ErrStray.
func (c *Client) CreatePhone(ctx context.Context, number, extension, kind string) (*dirsync.Phone, error) {
	params := map[string]string{"number": number, "type": kind}
	if extension != "" {
		params["extension"] = extension
	}
	if kind == typeMobile {
		params["platform"] = genericSmartphone
	}
	q := request{method: http.MethodPost, path: phonesPath, params: params, once: true}
	return ask(ctx, c, q, func(r *reply) (*dirsync.Phone, error) {
		return readPhone(r, func(p *phone) (*dirsync.Phone, error) {
			plain := p.plain()
			if plain.Text() != dirsync.PhoneText(number, extension) {
				return nil, errors.New("the phone " + plain.Text() + ", which was not asked for")
			}
			return &plain, nil
		})
	})
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
		return nil, malformed("a phone that cannot be read", err)
	}
	return read(&p)
}

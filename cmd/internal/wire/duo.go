package wire

import (
	"context"
	"errors"

	"duosync/cmd/internal/config"
	"duosync/duo/api"
	dirsync "duosync/sync"
)

// NewPacedClient makes the client of a configuration, at the rate that it allows.
func NewPacedClient(cfg *config.Config, setup Setup) (*api.Client, error) {
	options := duoOptions(cfg, setup)
	options.Rate = cfg.Duo.Rate
	return api.New(options)
}

// NewClient makes the client of a configuration for a few calls, which need no pacing.
func NewClient(cfg *config.Config, setup Setup) (*api.Client, error) {
	return api.New(duoOptions(cfg, setup))
}

func duoOptions(cfg *config.Config, setup Setup) api.Options {
	c := cfg.Duo
	return api.Options{
		Host: c.Host, IntegrationKey: c.IntegrationKey, SecretKey: c.SecretKey.Reveal(), Signature: c.Signature,
		Confidential: []string{c.SecretKey.Reveal(), c.Auth.SecretKey.Reveal()},
		CAFile:       c.CAFile, ProxyURL: c.ProxyURL.Reveal(), Timeout: c.Timeout,
		Now: setup.Timing.Now, Sleep: setup.Timing.Sleep, Version: setup.Version, Log: setup.Log,
	}
}

// NewAuthClient makes the client of the Auth API's keys, which keeps the machine's time.
func NewAuthClient(cfg *config.Config, setup Setup) (*api.AuthClient, error) {
	setup.Timing = Timing{}
	options := duoOptions(cfg, setup)
	options.IntegrationKey, options.SecretKey = cfg.Duo.Auth.IntegrationKey, cfg.Duo.Auth.SecretKey.Reveal()
	return api.NewAuth(options)
}

// FindUser finds the Duo user who has a text as id, username or alias; nil: nobody.
func FindUser(ctx context.Context, client *api.Client, text string) (*dirsync.Account, error) {
	if IsUserID(text) {
		found, err := client.User(ctx, text)
		if !errors.Is(err, api.ErrNotFound) {
			return found, err
		}
	}
	found, err := client.UserByName(ctx, text)
	if errors.Is(err, api.ErrInvalid) {
		return nil, nil // a name that Duo refuses is held by nobody
	}
	return found, err
}

// IsUserID reports whether text has the form of a Duo user_id.
func IsUserID(text string) bool {
	if len(text) != 20 || text[:2] != "DU" {
		return false
	}
	for i := range len(text) {
		if c := text[i]; !('A' <= c && c <= 'Z' || '0' <= c && c <= '9') {
			return false
		}
	}
	return true
}

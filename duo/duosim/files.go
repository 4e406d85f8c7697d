package duosim

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// keySection is one pair of keys in duo.yaml.
type keySection struct {
	IntegrationKey string `yaml:"integration_key"`
	SecretKey      string `yaml:"secret_key"`
}

// duoSection is the configuration's section of that name.
type duoSection struct {
	Host           string     `yaml:"host"`
	IntegrationKey string     `yaml:"integration_key"`
	SecretKey      string     `yaml:"secret_key"`
	CAFile         string     `yaml:"ca_file"`
	Auth           keySection `yaml:"auth"`
}

// WriteFiles writes ca.pem and duo.yaml into dir, which it makes where it does
// not exist: the server's CA, and a `duo:` section ready to use in a
// configuration, with the keys of KeyAdmin and, under auth, of KeyAuth. Both
// files are for the owner only (0600). Files that are there are replaced.
func (s *Server) WriteFiles(dir string) error {
	if s.Host() == "" {
		return errors.New("duosim: files are written after Start")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("duosim: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("duosim: %w", err)
	}
	admin, auth := s.Key(KeyAdmin), s.Key(KeyAuth)
	ca := filepath.Join(dir, "ca.pem")
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(map[string]duoSection{"duo": {
		Host: s.Host(), IntegrationKey: admin.Integration, SecretKey: admin.Secret, CAFile: ca,
		Auth: keySection{IntegrationKey: auth.Integration, SecretKey: auth.Secret},
	}}); err != nil {
		return fmt.Errorf("duosim: duo.yaml: %w", err)
	}
	if err := replaceFile(ca, s.CAPEM()); err != nil {
		return fmt.Errorf("duosim: %w", err)
	}
	if err := replaceFile(filepath.Join(dir, "duo.yaml"), text.Bytes()); err != nil {
		return fmt.Errorf("duosim: %w", err)
	}
	return nil
}

// replaceFile writes a file aside and puts it in place, so that nobody ever
// reads half of it or with other permissions.
func replaceFile(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".duosim-*") // made with 0600
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

package slapdtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// certify makes two authorities, and certificates of the first for the server
// and the reader.
func (s *Server) certify() {
	s.t.Helper()
	authority := s.certificate("ca", "duosync test CA", nil)
	s.certificate("otherca", "another CA", nil)
	s.certificate("server", "localhost", authority)
	s.certificate("client", "reader", authority)
	s.CAFile, s.OtherCA = s.process.Path("ca.pem"), s.process.Path("otherca.pem")
	s.ClientCertFile, s.ClientKeyFile = s.process.Path("client.pem"), s.process.Path("client.key")
}

type signer struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newKey(isRSA bool) (crypto.Signer, error) {
	if isRSA {
		const bits = 2048
		return rsa.GenerateKey(rand.Reader, bits)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// certificate writes NAME.pem and NAME.key. Without a signer it is an authority.
func (s *Server) certificate(name, subject string, by *signer) *signer {
	s.t.Helper()
	key, err := newKey(s.opts.RSA && name == "server")
	if err != nil {
		s.t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: subject},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	if by == nil {
		by = &signer{cert: cert, key: key}
		cert.IsCA, cert.BasicConstraintsValid, cert.KeyUsage = true, true, x509.KeyUsageCertSign
	} else {
		cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		cert.DNSNames, cert.IPAddresses = []string{subject}, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, by.cert, key.Public(), by.key)
	if err != nil {
		s.t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		s.t.Fatal(err)
	}
	s.process.Write(name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	s.process.Write(name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	return &signer{cert: cert, key: key}
}

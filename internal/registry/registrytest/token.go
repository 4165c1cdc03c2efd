package registrytest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	issuer      = "registrytest"
	serviceName = "registry.test"
)

// TokenService issues tokens that distribution accepts.
//
// Spec: distribution, "Token Authentication Specification".
type TokenService struct {
	URL            string // the realm
	User, Password string

	key         *rsa.PrivateKey
	certificate []byte // PEM
	der         []byte

	mu     sync.Mutex
	scopes map[string]int
}

// StartTokenService starts a service that gives what is asked for to user, and
// nothing to others.
func StartTokenService(t testing.TB, user, password string) *TokenService {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: issuer}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	s := &TokenService{User: user, Password: password, key: key, der: der, scopes: map[string]int{},
		certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	// By name: go-containerregistry's client takes no private address for a
	// token service on another host than the registry.
	s.URL = strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + "/token"
	return s
}

// Scopes returns how many tokens were issued for each scope.
func (s *TokenService) Scopes() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	scopes := make(map[string]int, len(s.scopes))
	for scope, n := range s.scopes {
		scopes[scope] = n
	}
	return scopes
}

func (s *TokenService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, password, _ := r.BasicAuth()
	if user != s.User || password != s.Password {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var access []map[string]any
	for _, scope := range r.URL.Query()["scope"] {
		s.mu.Lock()
		s.scopes[scope]++
		s.mu.Unlock()
		if parts := strings.Split(scope, ":"); len(parts) == 3 {
			access = append(access, map[string]any{"type": parts[0], "name": parts[1], "actions": strings.Split(parts[2], ",")})
		}
	}
	token, err := s.sign(access)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"token": token, "expires_in": 300})
}

func (s *TokenService) sign(access any) (string, error) {
	now := time.Now().Unix()
	header, err := json.Marshal(map[string]any{"typ": "JWT", "alg": "RS256", "x5c": []string{base64.StdEncoding.EncodeToString(s.der)}})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{
		"iss": issuer, "sub": s.User, "aud": serviceName, "jti": rand.Text(), "access": access,
		"iat": now, "nbf": now - 60, "exp": now + 300,
	})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode(header) + "." + encode(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", err
	}
	return signed + "." + encode(signature), nil
}

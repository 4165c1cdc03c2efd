package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReport(t *testing.T) {
	events := strings.Join([]string{
		`{"Action":"start","Package":"p"}`,
		`{"Action":"output","Package":"p","Test":"TestGood","Output":"=== RUN   TestGood\n"}`,
		`{"Action":"output","Package":"p","Test":"TestGood","Output":"quiet\n"}`,
		`{"Action":"pass","Package":"p","Test":"TestGood"}`,
		`{"Action":"output","Package":"p","Test":"TestAway","Output":"why\n"}`,
		`{"Action":"skip","Package":"p","Test":"TestAway"}`,
		`{"Action":"output","Package":"p","Output":"PASS\n"}`,
		`{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}`,
		`{"Action":"pass","Package":"p"}`,
		`{"Action":"output","Package":"none","Output":"?   \tnone\t[no test files]\n"}`,
		`{"Action":"skip","Package":"none"}`,
		`{"Action":"output","Package":"q","Test":"TestBad","Output":"wrong\n"}`,
		`{"Action":"fail","Package":"q","Test":"TestBad"}`,
		`{"Action":"output","Package":"q","Test":"TestHangs","Output":"timed out\n"}`,
		`{"Action":"output","Package":"q","Output":"FAIL\tq\n"}`,
		`{"Action":"fail","Package":"q"}`,
		`no JSON`, ``,
	}, "\n")
	var out bytes.Buffer
	skipped, err := report(strings.NewReader(events), &out)
	require.NoError(t, err)
	assert.Equal(t, []string{"p\nwhy\n"}, skipped, "a package without tests is no skipped test")
	assert.Equal(t, "ok  \tp\t0.1s\n?   \tnone\t[no test files]\nwrong\nFAIL\tq\ntimed out\nno JSON\n", out.String())
}

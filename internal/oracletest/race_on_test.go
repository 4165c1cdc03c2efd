//go:build race

package oracletest

const racing = true

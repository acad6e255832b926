package routes_test

import (
	"testing"

	"nightlatch.example/nightlatch/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

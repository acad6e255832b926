package routes_test

import (
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// Files as people have them: every way to name and part columns makes the same
// account.
func TestImportReadsTheFilesOfRealPeople(t *testing.T) {
	s := sitetest.New(t)
	boss := s.Admin("boss")
	for _, file := range []string{
		"sep=;\nE-Mail;Name\nq1@example.com;Ada Byron\n", "\"sep=;\"\r\nlogin;name\r\nq1@example.com;Ada Byron\r\n", "E-Mail;Name\r\nq1@example.com;Ada Byron\r\n",
		"login|name|role\nq1@example.com|Ada Byron|user\n", "name,login\nAda Byron,q1@example.com\n", "name,login\rAda Byron,q1@example.com\r",
		"Name\tE-Mail-Adresse\nAda Byron\tq1@example.com\n", "Rolle;Benutzername;Anzeigename\nBenutzer;q1@example.com;Ada Byron\n",
		"\ufeffNACHNAME;VORNAME;E-MAIL\nByron;Ada;q1@example.com\n", "First Name,Last Name,Email Address,Phone\nAda,Byron,q1@example.com,+49 30 1\n",
		"mailto:q1@example.com,Ada Byron\n", "<q1@example.com>;Ada Byron;user\n", "Ada Byron <q1@example.com>\n", "E-Mail\n\"\"\"Ada Byron\"\" <q1@example.com>\"\n",
		"email;name\nMAILTO:q1@example.com;Ada Byron\n", "q1@example.com;Ada Byron;user\n", "\u200bq1@example.com ,\u00a0Ada Byron\n",
		"Identifiant;Prénom;Nom;Rôle\nq1@example.com;Ada;Byron;utilisatrice\n", "Usuario;Nombre;Apellidos;Correo electrónico\nq1@example.com;Ada;Byron;q1@example.com\n",
		"Nom;Courriel\nAda Byron;q1@example.com\n", "gebruikersnaam,naam,rol\nq1@example.com,Ada Byron,gebruiker\n",
		"login,name,email\nq1@example.com,Ada Byron,<q1@example.com>\n", "user name;full name\n\nq1@example.com;Ada Byron\n\n",
	} {
		p := boss.Post("/admin/import", "csv", file).WantStatus(t, 200)
		if strings.Count(p.Body, "Will be created.") != 1 || !strings.Contains(p.Body, "<strong>q1@example.com</strong><small>Ada Byron</small>") {
			t.Errorf("%q: %s", file, p.Text())
		}
	}
	p := boss.Post("/admin/import", "csv", "q1@example.com;\"Byron, Ada\";user\nq2@example.com;\"Lovelace, A, B\";admin\n", "do", "1").WantStatus(t, 200)
	one, two := s.Account("q1@example.com"), s.Account("q2@example.com")
	if one.Name != "Byron, Ada" || two.Name != "Lovelace, A, B" || two.Role != identity.Admin || count(s) != 3 {
		t.Errorf("%+v, %+v: %s", one, two, p.Text())
	}
}

// Nothing is made of a line that is not understood; the try shows it and says
// what to do.
func TestImportAsksAboutLinesThatAreNotClear(t *testing.T) {
	s := sitetest.New(t)
	boss := s.Admin("boss")
	for _, file := range []string{
		"Ada,ada@example.com\n", "ada,user\n", "name,role\nAda,user\n", "login,name\nada,Ada,user,x\n", "ada,Ada,user,ada@example.com,more\n",
		"email,name,E-Mail\na@example.com,Ada,b@example.com\n", "Ada;Byron;ada@example.com\n", "ada,Ada,owner\n", "ada,Ada,user,x\n", "Name\nAda\n",
		"name,role\n", "login\n", "sep=;\n",
	} {
		for _, do := range []string{"", "1"} {
			p := boss.Post("/admin/import", "csv", file, "do", do)
			if count(s) != 1 || p.Status == 422 && p.Alert() == "" || p.Status != 422 && !strings.Contains(p.Body, "skipped") || strings.Contains(p.Body, "Will be created.") {
				t.Errorf("%q: %s", file, p.Text())
			}
		}
	}
	p := boss.Post("/admin/import", "csv", "Kullanıcı;Ad\nq1@example.com;Ada Byron\n").WantStatus(t, 200)
	if !strings.Contains(p.Text(), "Not clear: “Kullanıcı;Ad”. It has no address, and the lines after it do.") || strings.Count(p.Body, "Will be created.") != 1 {
		t.Error(p.Text())
	}
	p = boss.Post("/admin/import", "csv", "ada,Ada\nBob,bob@example.com\n").WantStatus(t, 200)
	if !strings.Contains(p.Text(), "Not clear: “Bob,bob@example.com”.") || strings.Count(p.Body, "Will be created.") != 1 {
		t.Error(p.Text())
	}
}

// Exports begin with the mark by which spreadsheets know UTF-8, and our own
// list is read back whole.
func TestOurOwnListIsReadBack(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		boss.Post("/admin/import", "csv", "login,name,role,email\nada,\"Byron, Ädä; =1\",user,ada@example.com\nbob@example.com,Bob,admin,\n", "do", "1").WantStatus(t, 200)
		for _, path := range []string{"/admin/enrollment.csv", "/admin/audit.csv"} {
			if p := boss.Get(path).WantStatus(t, 200); !strings.HasPrefix(p.Body, "\ufeff") || strings.Count(p.Body, "\ufeff") != 1 {
				t.Errorf("%s begins with %.20q", path, p.Body)
			}
		}
		list := boss.Get("/admin/enrollment.csv").Body
		if p := boss.Post("/admin/import", "csv", list).WantStatus(t, 200); strings.Count(p.Body, "Created before.") != 2 || strings.Count(p.Body, "is taken") != 1 {
			t.Error(p.Text())
		}
		fresh := sitetest.New(t)
		other := fresh.Admin("root")
		other.Post("/admin/import", "csv", strings.ReplaceAll(list, "\n", "\r\n"), "do", "1").WantStatus(t, 200)
		if a, b := fresh.Account("ada"), fresh.Account("bob@example.com"); a.Name != "Byron, Ädä; =1" || a.Email != "ada@example.com" || b.Role != identity.Admin || count(fresh) != 4 {
			t.Errorf("%+v, %+v, %d accounts", a, b, count(fresh))
		}
	})
}

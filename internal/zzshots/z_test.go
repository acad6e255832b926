package zzshots
import ("testing";"os";"fmt";"context";"time";"nightlatch/internal/sitetest";"nightlatch/internal/chrome";"nightlatch/login";"nightlatch/accounts";"nightlatch/factors")
func TestShots(t *testing.T){
 s:=sitetest.New(t,func(c *sitetest.Config){c.Server=true; c.RealTime=true; c.Now=time.Now(); c.Login.ConfirmTTL=time.Hour})
 ctx:=context.Background()
 s.User("root@example.com",login.Admin)
 for i:=0;i<130;i++{ role:=login.Member; if i%9==0{role=login.Admin}; n:=fmt.Sprintf("person%d@example.com",i); s.User(n,role)
  a:=s.Account(n)
  if err:=s.Store.Write(ctx,func(tx login.Tx) error{ tx.LockAccount(ctx,a.ID)
   if i%3==0 { tx.InsertCredentials(ctx,factors.Credential{ID:login.NewID(),AccountID:a.ID,Kind:"totp",Name:"Phone",Secret:[]byte("x"),Created:time.Now()}) }
   if i%5==0 { tx.InsertCredentials(ctx,factors.Credential{ID:login.NewID(),AccountID:a.ID,Kind:"email",Address:n,Name:"Mail",Created:time.Now()}) }
   if i%15==0 { tx.SaveThrottle(ctx,login.Throttle{Key:"factor:"+a.ID+":totp",Fails:50,Off:time.Now()}) }
   if i%4==0 {a,_=tx.Account(ctx,a.ID); a.LastLogin=time.Now().Add(-time.Duration(i)*24*time.Hour); a.Name="Person Nr. "+fmt.Sprint(i); return tx.SaveAccount(ctx,a)}
   return nil}); err!=nil{t.Fatal(err)} }
 now:=time.Now()
 n,_:=s.Store.Buckets(ctx)
 for d:=1;d<90;d++{ m:=map[accounts.Bucket]int{}; for b,c:=range n{ if b&24!=0 {m[b]=c*(100-d)/100} else {m[b]=c} }; s.Store.KeepDay(ctx,now.AddDate(0,0,-d),m)}
 b:=s.Browser()
 b.SignIn("root@example.com")
 for i:=0;i<1;i++{}
 sec:=b.EnrollTOTP(); _=sec
 for _,p:=range []string{"/admin/policy"}{ b.Post(p,"who","everyone","from",now.AddDate(0,0,10).Format("2006-01-02")).WantStatus(t,303) }
 s.Accounts.Sweep(ctx)
 b.Post("/admin/users","login","kurt","name","Kurt G","role","user")
 a0:=s.Account("person0@example.com")
 b.Post("/admin/users/"+a0.ID+"/reset","reason","Lost the phone, came by").WantStatus(t,303)
 a15:=s.Account("person15@example.com")
 kurt:=s.Account("kurt")
 for _,m:=range []struct{n string;o chrome.Options}{{"desk",chrome.Options{Width:1280,Height:900}},{"dark",chrome.Options{Width:1280,Height:900,Dark:true}},{"phone",chrome.Options{Width:390,Height:844}}}{
  if only:=os.Getenv("MODE"); only!=""&&only!=m.n {continue}
  c:=chrome.New(t,m.o)
  shoot(t,c,s,b,m.n,map[string]string{"admin":"/admin","filtered":"/admin?status=locked&sort=-last","person":"/admin/users/"+a15.ID,"kurt":"/admin/users/"+kurt.ID+"?said=invited","reset":"/admin/users/"+a0.ID,"policy":"/admin/policy","preview":"/admin/policy?who=admins&from=2027-01-01","import":"/admin/import","audit":"/admin/audit","mail":"/admin/mail"})
 }
}

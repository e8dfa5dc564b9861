//! Keys and tokens made elsewhere.

/// RFC 7515, appendix A.2.
pub(in crate::identity::external) const RSA_SPKI: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJj
NiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz
P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo
9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTB
EMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX
FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp
oQIDAQAB
-----END PUBLIC KEY-----
";

/// The same key in its older form.
pub(in crate::identity::external) const RSA_PKCS1: &str = "-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9k0l8W2
6mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMs
D1W/YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5
z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxv
b3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxXFvUK+DWNmoudF8NAco9/h9iaGNj8q2et
hFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQIDAQAB
-----END RSA PUBLIC KEY-----
";

/// RFC 8037, appendix A.
pub(in crate::identity::external) const ED25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";

/// Made by openssl, and so are all below. The private keys are gone.
pub(in crate::identity::external) const RSA_OURS: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAjWnCQORe2+mYbRw+bCVc
f6IQuw08LHKkgaSm8hVDogEj61CeZRZWBqelNF3ErW+ah+C9gpCC2ZeUV5QF4Ibg
0XxSIvX46fuyJxMvMlPmih681jHDrXtrlmWfkLT4NO9F5Bkm72KO0hQI7aMQDtSo
sPbRHFXzobQZq866CXXeRK2xDQS6MCsarLI+7cmcHQVc4Ixz7MUW6FtWpvv4mNo9
Jgnus/ypqvmtUVwm8CxmSLOlXDriXzef7Oumz05uzIzmCU4du3X2QsIxMO4Pz7gK
Fi+Nfysfy3OunoarOjxba1epvVZl9rSmfhd4u38bAAMhGAIbRjqjqqQp8VBApNUi
9QIDAQAB
-----END PUBLIC KEY-----
";

/// Its exponent is 3.
pub(in crate::identity::external) const RSA_E3: &str = "-----BEGIN PUBLIC KEY-----
MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEAwPlUT+lCXwzdDL8KgZXF
X+LyGq1/Q4L2W5XJmO5rKU0HYVVWnGc1h5PpIvEHJO+R4XS1JAjIvtrX7uX+dPuY
P7AttkF3BDPNnp0e/lVI4lns6JU5jGusWAN2KJvDopZRlKYchsyRXD8DEC+U7/oh
ahDePGvxZtfwQLGzy3sVMnG977fn8Rlcr4JeKMSKoXKIxrfJ99Ufn5PVJQ6IObpm
YGa/2nz4eN6i+fYBFjV/HXOXGpIFMGccWIni3GBhPNnF1yFUz6I+OZ/xpQ24GcEC
e0xyuqQYbu4sVeVe9oIfc5riJNRAibk85aM6E02zHKEey05y550fyhjzLOjK9MD9
vQIBAw==
-----END PUBLIC KEY-----
";

/// Too small.
pub(in crate::identity::external) const RSA_1024: &str = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCyenj6iaX4txF01jlccEg+ktlB
qjTuVytoguQOWAp0zQyIrwN7nssExa+JzV76gruIxf0Q5VhoeIYZeUif8rVc8z9/
rX8yHxSuKypNZq9pwVhhVL+KD18h6jI9ZdjMm/wNo4kpbsdMsl0WDzRFkWgeORJA
LES+HV6rt5Gh/CU+EQIDAQAB
-----END PUBLIC KEY-----
";

/// Good for PSS only.
pub(in crate::identity::external) const RSA_PSS: &str = "-----BEGIN PUBLIC KEY-----
MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBALG9gS5mXKhgNJTlwmriqif4
aZbznq1K5gGyj+hBROMh37ZPE0bdPlVnsGJmUBAI0e/DfQ+TLd4Y3nvmDAe2sNVR
vg/CVJ/2PzfdujjT8FDH04ASvLsSzcNjqDGWuFAzRE12Hb0AJWuAcNvjKlORjpXq
Kd/d6k6MW7xQFTN23M1JoSWlfHz9jLDc3K4jO+TDQ16xUEMTZVKyXykY/1DqIZTd
UuAAENxHkcz+g3+7iWIkD2xxNzPV+bdhFdf/zQ7gygWGvPPxD1/3h91OT5LBFjG/
DbgaeglJqFx94cIa/04j71yU/deuWGW8VIUmXrl0ypwNpP85aloOASiYT2FrOIkC
AwEAAQ==
-----END PUBLIC KEY-----
";

/// On the curve P-256.
pub(in crate::identity::external) const EC: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEzFdoweJWEi3q3Jh+aHt11fPbO/g5
+QGVbL7fYslQ86JxtA7fxGmRiX2gE6iZ+vOjoDNFVaG5TKZUOhZ7fVuQTQ==
-----END PUBLIC KEY-----
";

/// For key agreement, not for signing.
pub(in crate::identity::external) const X25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VuAyEAt0OSUGjNXbzI8re0M6W441lBmQPrtF88SzMz/leTg0U=
-----END PUBLIC KEY-----
";

/// Signed by the private half of [`RSA_OURS`] as RS256.
pub(in crate::identity::external) const SIGNED_RS256: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tLyIsImF1ZCI6ImJheWFyLXNob3AiLCJ1aWQiOjQyLCJyb2xlcyI6WyJjYXNoaWVyIl0sImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAwMDAzNjAwfQ.KbgqxEy-BCSITlG0CLNoXTYSlfFspegp75c6ktHtx5BTuUvmvdmvJ8teKxli2N1dZh73l_nVfn4iZbIN7LJIEcERTTY9TVpbZVVe87Eqd_MVfU-5aLMSL7OUHqjKbxHNt66YW6_K2vEQCjaHsnHQnNFgjVz_ehFZRcWlrNT4CN9HDOXXySSkMf73dXAse7HEKUPKAUfA6aOFfj39yUKdJsZOgm3sMMLJtcQDyiczP2CfN2tMjejMXGVkWn6rP6mmK80fqTKI_bhGuTz0ffBOlXBceJK6O9cIXz1WXcKO87Io3Ex0eixjZwdLdSuny8knqrT5Z0tYZpOvNyPLMrfuBQ";

/// The same, but the header says HS256.
pub(in crate::identity::external) const SIGNED_RS256_SAYS_HS256: &str = "eyJhbGciOiJIUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tLyIsImF1ZCI6ImJheWFyLXNob3AiLCJ1aWQiOjQyLCJyb2xlcyI6WyJjYXNoaWVyIl0sImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAwMDAzNjAwfQ.iM8orXhg43Y-ZSRPzDIZ8ZEE4EN4f-74Bnhtvto_tCm_lfCYSoQkqLtuRfYWpngMwRAi0EhG7hVlpoIjsxIPa_ACozM8yVzhKNDCKQoh3xcubv2tPQappQ1m5ycpBEYQwPMEJvx_NK09tKYaBPvJ1vDgMxzqcF1iZkEz1ghof11FCrAIXD3g_haID-YKRvxUJ-qICN2WOkznhGykLzdlj8Ph9RMUlZdEpAiS-oZmJbLJAYkV_mJL_nHHPjl-X8Bzak6uOG4LTtcEN3fODCSDWqhjwGfx3FyG3rlrDiIZ0SOX59YY3CsTFKepnjm4Ou1zQGp6hv5ZNvdoXN0DJsIYew";

/// The same, but the header says RS384.
pub(in crate::identity::external) const SIGNED_RS256_SAYS_RS384: &str = "eyJhbGciOiJSUzM4NCIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tLyIsImF1ZCI6ImJheWFyLXNob3AiLCJ1aWQiOjQyLCJyb2xlcyI6WyJjYXNoaWVyIl0sImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAwMDAzNjAwfQ.QUL5sLXTeN86UgLXWk8PGZVagtvB4W5TpigjFa7_20MVxbLabmSdKBrzXvG_8uVImXjoOm1mQWwppQhXomGtDJMOweQqITicLIUGnX1zUqlbI5can6YR68SqdRxIWhjOLoz-CeVjgeQhS0tOXqUjAirYADXzTeQi7-Kq0gf_O16VdueZm10sdKzPAwERIPeI8RC2G04uGeoDtgupse1Y7r5CAtKkzDRePzkfM_2ftHTx-apf6eORISb7hoQvDa7caPzfyEq6_DZL4o_TBbFiU41P1xeG4-ysbNnvB9SMYOg74EIJoDWO43eLVDXNJaq58fUGSYfGJQ8-Jw0DwNCBRg";

/// The same, but the header says none.
pub(in crate::identity::external) const SIGNED_RS256_SAYS_NONE: &str = "eyJhbGciOiJub25lIiwia2lkIjoiMSJ9.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tLyIsImF1ZCI6ImJheWFyLXNob3AiLCJ1aWQiOjQyLCJyb2xlcyI6WyJjYXNoaWVyIl0sImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAwMDAzNjAwfQ.MGoP7ae-1lLS-TFibYO7AaC_KOzRcbAABs1ud7qVunAyjnZeJ_RkqC-qO53zIMSkq3YZJUooElf5hnNmTmtgt1jxmYCuxLAvvuqoXF5pxY4wyf0nqOzrOwxtULrvWs3ARzXwNNw0zu7TCd4c5Z9u1mPMtVOym1DU3aLLQfLoSJgrs2rPk0iKXzZLzy_0ZNz_ZVDoMFr9aQ9y682Ii7UdMnKQ_7rxLKERI3LQLBSoONb_CT0ZqUo4925HPIXn7hEd6Jh8F-H5u5wvw5X0NlOcvj1GYGjLWAbm0IuKb8sNwqn2iQmoEjTI4ZeRxTUND0Ih35rdvB0T6lF6lDXWH1zReQ";

/// By the same key, but as PS256.
pub(in crate::identity::external) const SIGNED_PS256: &str = "eyJhbGciOiJQUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tLyIsImF1ZCI6ImJheWFyLXNob3AiLCJ1aWQiOjQyLCJyb2xlcyI6WyJjYXNoaWVyIl0sImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAwMDAzNjAwfQ.ZcBlIJWHr56Ej1R-l4M8jUJVZrHVxEyCDd9t024UcpHNnq2C4kN6H36usfru1CjAuNw0FPhkEtmLl8Cj1GmrIb0ZyEUM-nUspSl7oKoBE7tfp6lok8a2-8yXFK7pXpkpEDNZS3adW39V2BUgj5XOk23Y89TN735ZuHfUpl9s4AlMaklkH47NL7Dek1mIKmUvJRtIKz6sMVNc1t_xqgdz89r2irQ0GtGuKsfz1vg-0a_GuVXqWto2CsebBKK6vsLMMCF-PNt4chRbVkdDifcOz_2TGS1xBS5urPysQRlE1rFdKkJCz_AL1JmhIf1H_hk6OpMGr97Sn5XxmWJtZP5sRQ";

/// The same, but the header says RS256.
pub(in crate::identity::external) const SIGNED_PS256_SAYS_RS256: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tLyIsImF1ZCI6ImJheWFyLXNob3AiLCJ1aWQiOjQyLCJyb2xlcyI6WyJjYXNoaWVyIl0sImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAwMDAzNjAwfQ.aaGCgs-8SNLa26_cBXszuA9hpIyVLXpsvVX1QXcTuudFOSv9njmnyemlGUZoUTdFmROJkIHi6nhDn_Qc2_IvvsXIAXztAkmouaJc2tZpDLVqTvrtZGdSW242mZHaj8y-wVuJT5rMR1OCLOChZs15pMRT7N2XpcSMRJLuKUuMBPB1rrxSclozhsLVwc-kG3-U_oi4VlBnX-3p92z0hCh8Gip0OfY808LRQnUoWvIZMO-CeXb6lsZyC8ZuwWmyGn88yDgsWpXMeHSPL8fo-FO-fNQO_nGBBP1-hl0mjQmAahxCLk1QyzOKHb7HtY5iknkls7N5Qt5e8Haefka5YE9zhw";

/// By the same key, but over SHA-384, and the header says RS256.
pub(in crate::identity::external) const SIGNED_RS384_SAYS_RS256: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tLyIsImF1ZCI6ImJheWFyLXNob3AiLCJ1aWQiOjQyLCJyb2xlcyI6WyJjYXNoaWVyIl0sImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAwMDAzNjAwfQ.XPtBvANTYkQop4a3QEQqXuG4-BK0nnOHJdtbDt0Cqvpb8BH10QpqAXe4-E7gYRGLQxKHERRyv94faA2FyO5hQb3gYRpnc-hU_ydxVUs7Kr-6EN_jdAr6nlYnx2GlDGcqw11iOJq8XMS4JRL5KcjtwmIkq5I7tgzDvGRPf2Z-SZ1vfAguH_DE97cSkM-US5CjRqewOdM_8aiOI0K4IuJrkYErIhvVvbn4LU_gbPbiWJip8EqQc73OoG8hvnapwLiYHsg0MJDczzhzLpYUEKP5orUjebGLOjX3hXltkJ1jFcn2k58wSeD-yJ3-oAORapLu6rTKi6qGrP228-ly7UVYjA";

/// Signed by the private half of [`RSA_E3`] as RS256.
pub(in crate::identity::external) const SIGNED_E3: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY29tLyIsImF1ZCI6ImJheWFyLXNob3AiLCJ1aWQiOjQyLCJyb2xlcyI6WyJjYXNoaWVyIl0sImlhdCI6MTgwMDAwMDAwMCwiZXhwIjoxODAwMDAzNjAwfQ.HbqeNf-eb00xZBn4Iu7GS-faLH0DHsdChd7jI2OeJNM8mZA_XnFQ-JAfve-wZrbXAeMwFoJj9HsTYc3s3eY9E7ETcPL56nx52GzuuR5LyWc2z-jM_uAyqjnhi2I-ZnOvE0RKDcvaXtNYlfZQEZHZmtbfkuZXXchOOI_jjTb7D03qmG-34D51-N3T9I7wR-0fkkSzoH_l49NdRNmXomocYhHpfPNYtZEWP766S_tnHnu5Ucbq14z3TxnMhVz-Eoa_BcUejeqeSPXiwbYncdqAt-i1LTvnr56cMtklDj81bcMTB6713UUysiOmalXfjSM6D17_5CKsNCAQ1KgKl6ZAdQ";

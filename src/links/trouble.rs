//! What can be wrong with an address: one closed table, with what each means and what to do about it.
//!
//! The worst first: of several troubles the first one here is told. Start at [`Trouble`].

use serde::{Deserialize, Serialize};

/// How an address fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    NoName,
    NoConnection,
    CertificateExpired,
    CertificateOtherName,
    CertificateUntrusted,
    Tls,
    Silence,
    Slow,
    CutOff,
    NotHttp,
    Redirects,
    Gone,
    Forbidden,
    ServerError,
    OddStatus,
    Login,
    Challenge,
    LostPage,
    Html,
    Empty,
    OtherType,
    Unreadable,
    OtherEncoding,
    OtherColumns,
    OtherSize,
    /// Asked us to come back later.
    Busy,
    /// The address guard forbids asking.
    NotAllowed,
    Robots,
    OtherScheme,
    Ok,
}

/// What a trouble is called and what to do about it.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Words {
    #[serde(rename = "trouble")]
    pub code: Trouble,
    pub en: &'static str,
    #[serde(rename = "zh-Hant")]
    pub zh_hant: &'static str,
    /// For whoever publishes the data.
    pub advice: &'static str,
}

const fn words(
    code: Trouble,
    en: &'static str,
    zh_hant: &'static str,
    advice: &'static str,
) -> Words {
    Words {
        code,
        en,
        zh_hant,
        advice,
    }
}

/// Every trouble, in the order of the enumeration.
pub const TABLE: [Words; 30] = {
    use Trouble::*;
    [
        words(
            NoName,
            "its host's name leads nowhere",
            "主機名稱無法解析",
            "see whether the name is spelt rightly and the domain is still paid for",
        ),
        words(
            NoConnection,
            "nobody takes the connection",
            "無法連線",
            "see whether the server runs and a firewall lets strangers in",
        ),
        words(
            CertificateExpired,
            "the certificate has expired, or is not valid yet",
            "憑證過期或尚未生效",
            "renew the certificate",
        ),
        words(
            CertificateOtherName,
            "the certificate is for another name",
            "憑證與網域不符",
            "name a host that the certificate lists, or get one for this host",
        ),
        words(
            CertificateUntrusted,
            "the certificate's issuer is not known",
            "憑證簽發者不受信任",
            "have the server send its intermediate certificate as well",
        ),
        words(
            Tls,
            "no secure connection could be made",
            "無法建立安全連線",
            "see which versions of TLS the server offers; 1.2 and 1.3 are in use",
        ),
        words(
            Silence,
            "no answer came",
            "伺服器沒有回應",
            "see whether the server is overloaded",
        ),
        words(
            Slow,
            "the answer came too slowly",
            "回應過慢",
            "see whether the server is overloaded, or the file is made anew for each request",
        ),
        words(
            CutOff,
            "the answer broke off",
            "回應中斷",
            "compare the length that is declared with what is sent",
        ),
        words(
            NotHttp,
            "what came is no proper HTTP",
            "回應不符 HTTP 規範",
            "see what listens at this port",
        ),
        words(
            Redirects,
            "redirects lead in a circle, too far, or out of TLS",
            "重新導向迴圈或不當",
            "name the address where the data really are",
        ),
        words(
            Gone,
            "nothing is there any more",
            "資料已不存在",
            "name the new address, or take the distribution out",
        ),
        words(
            Forbidden,
            "access is refused",
            "拒絕存取",
            "open the address, or say in the metadata that access is restricted",
        ),
        words(
            ServerError,
            "the server reports an error of its own",
            "伺服器發生錯誤",
            "look into the server's log",
        ),
        words(
            OddStatus,
            "the server refuses the request",
            "伺服器不接受請求",
            "try the address as it is written; parameters may be missing",
        ),
        words(
            Login,
            "a login page comes in the place of data",
            "需要登入",
            "open the address, or say in the metadata that access is restricted",
        ),
        words(
            Challenge,
            "a page against robots comes in the place of data",
            "出現機器人驗證頁",
            "let programs read open data without a browser",
        ),
        words(
            LostPage,
            "the home page, or a page that says that nothing was found, comes instead",
            "導向首頁或查無資料頁",
            "name the new address, and answer 404 or 410 for what is gone",
        ),
        words(
            Html,
            "a web page comes in the place of data",
            "應為資料卻為網頁",
            "name the address of the file; the page belongs into accessURL or landingPage",
        ),
        words(
            Empty,
            "an empty file comes",
            "檔案為空",
            "see why nothing is in it",
        ),
        words(
            OtherType,
            "a file of another type comes than is declared",
            "檔案格式與宣告不符",
            "correct the format in the metadata, or the file",
        ),
        words(
            Unreadable,
            "the file is not well formed",
            "檔案無法解析",
            "check the file with a parser of its format",
        ),
        words(
            OtherEncoding,
            "the text is in another encoding than is declared",
            "編碼與宣告不符",
            "correct the encoding in the metadata, or write the file in UTF-8",
        ),
        words(
            OtherColumns,
            "the columns are others than are described",
            "欄位與欄位說明不符",
            "bring the description of the fields up to the file",
        ),
        words(
            OtherSize,
            "the file has another size than is declared",
            "檔案大小與宣告不符",
            "correct byteSize, and see whether the file is whole",
        ),
        words(
            Busy,
            "the server asked to be left alone for a while",
            "伺服器要求稍後再試",
            "nothing: it is asked again later",
        ),
        words(
            NotAllowed,
            "not checked: the address is not one of the public internet",
            "未檢查：非公開網路位址",
            "name an address that everybody reaches",
        ),
        words(
            Robots,
            "not checked: robots.txt forbids it",
            "未檢查：robots.txt 禁止",
            "allow the paths of open data in robots.txt",
        ),
        words(
            OtherScheme,
            "not checked: the address is neither http nor https",
            "未檢查：非 http(s) 位址",
            "offer the file by https",
        ),
        words(Ok, "as it should be", "正常", ""),
    ]
};

impl Trouble {
    pub fn words(self) -> &'static Words {
        // The table is in the order of the enumeration, which a test sees to.
        &TABLE[self as usize]
    }

    /// One word for addresses, tables and metrics.
    pub fn code(self) -> &'static str {
        CODES[self as usize]
    }

    pub fn of(code: &str) -> Option<Self> {
        let found = TABLE.iter().find(|words| words.code.code() == code);
        found.map(|words| words.code)
    }

    /// Was nothing learnt of the address?
    pub fn is_unchecked(self) -> bool {
        matches!(
            self,
            Self::Busy | Self::NotAllowed | Self::Robots | Self::OtherScheme
        )
    }

    /// Is something wrong with the address or what is there?
    pub fn is_fault(self) -> bool {
        self != Self::Ok && !self.is_unchecked()
    }

    /// Does the address lead to what is meant, whatever its form?
    pub fn is_reachable(self) -> bool {
        self >= Self::Html && !self.is_unchecked()
    }
}

const CODES: [&str; 30] = [
    "no-name",
    "no-connection",
    "certificate-expired",
    "certificate-other-name",
    "certificate-untrusted",
    "tls",
    "silence",
    "slow",
    "cut-off",
    "not-http",
    "redirects",
    "gone",
    "forbidden",
    "server-error",
    "odd-status",
    "login",
    "challenge",
    "lost-page",
    "html",
    "empty",
    "other-type",
    "unreadable",
    "other-encoding",
    "other-columns",
    "other-size",
    "busy",
    "not-allowed",
    "robots",
    "other-scheme",
    "ok",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_its_codes_are_as_they_are_written() {
        for (at, words) in TABLE.iter().enumerate() {
            assert_eq!(words.code as usize, at);
            let written = serde_json::to_value(words.code).unwrap_or_default();
            assert_eq!(written, words.code.code());
            assert_eq!(Trouble::of(words.code.code()), Some(words.code));
            assert!(!words.en.is_empty() && !words.zh_hant.is_empty());
            assert_eq!(words.advice.is_empty(), words.code == Trouble::Ok);
        }
        assert_eq!(Trouble::of("fine"), None);
    }
}

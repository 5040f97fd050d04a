//! What each trouble is called, and what to do about it, in English and Chinese. Start at [`TABLE`].

use super::Trouble;
use serde::Serialize;

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
    #[serde(rename = "advice-zh-Hant")]
    pub advice_zh_hant: &'static str,
}

/// `en` and `zh_hant`: what it is called, and what to do about it.
const fn words(code: Trouble, en: [&'static str; 2], zh_hant: [&'static str; 2]) -> Words {
    Words {
        code,
        en: en[0],
        zh_hant: zh_hant[0],
        advice: en[1],
        advice_zh_hant: zh_hant[1],
    }
}

/// Every trouble, in the order of the enumeration.
pub const TABLE: [Words; 30] = {
    use Trouble::*;
    [
        words(
            NoName,
            [
                "its host's name leads nowhere",
                "see whether the name is spelt rightly and the domain is still paid for",
            ],
            [
                "主機名稱無法解析",
                "請檢查主機名稱是否拼錯，網域是否仍在續用",
            ],
        ),
        words(
            NoConnection,
            [
                "nobody takes the connection",
                "see whether the server runs and a firewall lets strangers in",
            ],
            ["無法連線", "請檢查伺服器是否運作，防火牆是否允許外部連線"],
        ),
        words(
            CertificateExpired,
            [
                "the certificate has expired, or is not valid yet",
                "renew the certificate",
            ],
            ["憑證過期或尚未生效", "請更新憑證"],
        ),
        words(
            CertificateOtherName,
            [
                "the certificate is for another name",
                "name a host that the certificate lists, or get one for this host",
            ],
            [
                "憑證與網域不符",
                "請改用憑證所列的主機名稱，或為此主機申請憑證",
            ],
        ),
        words(
            CertificateUntrusted,
            [
                "the certificate's issuer is not known",
                "have the server send its intermediate certificate as well",
            ],
            ["憑證簽發者不受信任", "請設定伺服器一併送出中繼憑證"],
        ),
        words(
            Tls,
            [
                "no secure connection could be made",
                "see which versions of TLS the server offers; 1.2 and 1.3 are in use",
            ],
            [
                "無法建立安全連線",
                "請檢查伺服器支援的 TLS 版本；目前通用的是 1.2 與 1.3",
            ],
        ),
        words(
            Silence,
            ["no answer came", "see whether the server is overloaded"],
            ["伺服器沒有回應", "請檢查伺服器是否負載過重"],
        ),
        words(
            Slow,
            [
                "the answer came too slowly",
                "see whether the server is overloaded, or the file is made anew for each request",
            ],
            [
                "回應過慢",
                "請檢查伺服器是否負載過重，或檔案是否每次請求都重新產生",
            ],
        ),
        words(
            CutOff,
            [
                "the answer broke off",
                "compare the length that is declared with what is sent",
            ],
            ["回應中斷", "請比對宣告的長度與實際送出的長度"],
        ),
        words(
            NotHttp,
            [
                "what came is no proper HTTP",
                "see what listens at this port",
            ],
            ["回應不符 HTTP 規範", "請檢查這個連接埠上是什麼服務"],
        ),
        words(
            Redirects,
            [
                "redirects lead in a circle, too far, or out of TLS",
                "name the address where the data really are",
            ],
            ["重新導向迴圈或不當", "請直接填寫資料實際所在的網址"],
        ),
        words(
            Gone,
            [
                "nothing is there any more",
                "name the new address, or take the distribution out",
            ],
            ["資料已不存在", "請更新為新網址，或將這項資料資源下架"],
        ),
        words(
            Forbidden,
            [
                "access is refused",
                "open the address, or say in the metadata that access is restricted",
            ],
            ["拒絕存取", "請開放此網址，或在詮釋資料中註明限制取用"],
        ),
        words(
            ServerError,
            [
                "the server reports an error of its own",
                "look into the server's log",
            ],
            ["伺服器發生錯誤", "請查看伺服器的紀錄檔"],
        ),
        words(
            OddStatus,
            [
                "the server refuses the request",
                "try the address as it is written; parameters may be missing",
            ],
            ["伺服器不接受請求", "請照所填的網址開啟看看；可能缺少參數"],
        ),
        words(
            Login,
            [
                "a login page comes in the place of data",
                "open the address, or say in the metadata that access is restricted",
            ],
            ["需要登入", "請開放此網址，或在詮釋資料中註明限制取用"],
        ),
        words(
            Challenge,
            [
                "a page against robots comes in the place of data",
                "let programs read open data without a browser",
            ],
            ["出現機器人驗證頁", "請讓程式不必透過瀏覽器也能取得開放資料"],
        ),
        words(
            LostPage,
            [
                "the home page, or a page that says that nothing was found, comes instead",
                "name the new address, and answer 404 or 410 for what is gone",
            ],
            [
                "導向首頁或查無資料頁",
                "請更新為新網址；已移除的內容請回應 404 或 410",
            ],
        ),
        words(
            Html,
            [
                "a web page comes in the place of data",
                "name the address of the file; the page belongs into accessURL or landingPage",
            ],
            [
                "應為資料卻為網頁",
                "請填寫檔案本身的網址；網頁應填於 accessURL 或 landingPage",
            ],
        ),
        words(
            Empty,
            ["an empty file comes", "see why nothing is in it"],
            ["檔案為空", "請查明檔案為何沒有內容"],
        ),
        words(
            OtherType,
            [
                "a file of another type comes than is declared",
                "correct the format in the metadata, or the file",
            ],
            ["檔案格式與宣告不符", "請更正詮釋資料中的格式，或更換檔案"],
        ),
        words(
            Unreadable,
            [
                "the file is not well formed",
                "check the file with a parser of its format",
            ],
            ["檔案無法解析", "請用該格式的剖析工具檢查檔案"],
        ),
        words(
            OtherEncoding,
            [
                "the text is in another encoding than is declared",
                "correct the encoding in the metadata, or write the file in UTF-8",
            ],
            [
                "編碼與宣告不符",
                "請更正詮釋資料中的編碼，或將檔案改以 UTF-8 儲存",
            ],
        ),
        words(
            OtherColumns,
            [
                "the columns are others than are described",
                "bring the description of the fields up to the file",
            ],
            ["欄位與欄位說明不符", "請依檔案內容更新欄位說明"],
        ),
        words(
            OtherSize,
            [
                "the file has another size than is declared",
                "correct byteSize, and see whether the file is whole",
            ],
            ["檔案大小與宣告不符", "請更正 byteSize，並檢查檔案是否完整"],
        ),
        words(
            Busy,
            [
                "the server asked to be left alone for a while",
                "nothing: it is asked again later",
            ],
            ["伺服器要求稍後再試", "不需處理，稍後會再檢查"],
        ),
        words(
            NotAllowed,
            [
                "not checked: the address is not one of the public internet",
                "name an address that everybody reaches",
            ],
            ["未檢查：非公開網路位址", "請改填公開網路上可以連線的網址"],
        ),
        words(
            Robots,
            [
                "not checked: robots.txt forbids it",
                "allow the paths of open data in robots.txt",
            ],
            [
                "未檢查：robots.txt 禁止",
                "請在 robots.txt 中允許存取開放資料的路徑",
            ],
        ),
        words(
            OtherScheme,
            [
                "not checked: the address is neither http nor https",
                "offer the file by https",
            ],
            ["未檢查：非 http(s) 位址", "請以 https 提供檔案"],
        ),
        words(Ok, ["as it should be", ""], ["正常", ""]),
    ]
};

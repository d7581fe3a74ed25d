using System.Text;
using IterableAudience.Iterable;
using Xunit;

namespace IterableAudience.Tests.Iterable;

public sealed class RedactionTests
{
    [Theory]
    [InlineData(400, """{"msg":"error.lists.invalidListId(999999999)","code":"Success","params":{"projectId":9079}}""", "400 Success: error.lists.invalidListId")]
    [InlineData(400, """{"msg":"No user exists with userId rudder2","code":"UnknownUserIdError"}""", "400 UnknownUserIdError: No user exists with userId …")]
    [InlineData(400, """{"msg":"User does not exist. Email: ann@example.com UserId: a secret","code":"BadParams"}""", "400 BadParams: User does not exist. Email: … UserId: a …")]
    [InlineData(400, """{"msg":"[/api/users] Invalid JSON body: {\"listId\":1} Api-Key: k3y","code":"BadJsonBody","params":{"obj.subscribers[1].email":"x","ann@example.com":1}}""", "400 BadJsonBody (obj.subscribers[1].email)")]
    [InlineData(400, """{"msg":"Invalid JSON body, headers: Api-Key k3y","code":"BadJsonBody","params":null}""", "400 BadJsonBody")]
    [InlineData(401, """{"msg":"Invalid API key","code":"BadApiKey","params":{"ip":"192.0.2.7"}}""", "401 BadApiKey: Invalid API key")]
    [InlineData(429, """{"msg":"Exceeded rate limit of 4.0 per minute for endpoint: /api/export/data.json, project: 2158 ","code":"RateLimitExceeded","params":{}}""", "429 RateLimitExceeded: Exceeded rate limit of … per minute for endpoint: … project: …")]
    [InlineData(429, "Too Many Requests", "429: Too … Requests")]
    [InlineData(502, "<html><title>502 Bad Gateway</title> ann@example.com</html>", "502")]
    [InlineData(500, "", "500")]
    [InlineData(400, """{"msg":"Invalid email: ann@example.com","code":"ann@example.com"}""", "400: Invalid email: …")]
    public void An_answer_keeps_its_meaning_and_loses_its_values(int status, string body, string shown)
        => Assert.Equal(shown, Redaction.Show(status, ErrorAnswer.Read(Encoding.UTF8.GetBytes(body))));

    [Fact]
    public void A_counted_answer_shows_its_lists_by_length()
    {
        var answer = ListAnswer.TryRead("""{"successCount":7,"failCount":3,"invalidEmails":["a@","b@"],"failedUpdates":{"invalidEmails":["a@","b@"],"notFoundUserIds":["u"]}}"""u8)!;
        Assert.Equal("200: 7 succeeded, 3 failed; invalidEmails 2, notFoundUserIds 1", Redaction.Show(200, answer));
    }
}

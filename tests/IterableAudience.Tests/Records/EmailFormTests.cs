using CsCheck;
using IterableAudience.Records;
using Xunit;

namespace IterableAudience.Tests.Records;

public class EmailFormTests
{
    private static readonly string Local64 = new('a', 64);
    private static readonly string Label63 = new('b', 63);

    public static TheoryData<string> ValidAddresses =>
    [
        // plain
        "joe@example.com", "JOE@EXAMPLE.COM", "a@sub.example.co.uk", "joe.blow@example.org", "j@example.net", "1@example.com", "joe1blow@example.org",
        "joe@e.example", "joe@1.example", "joe@1and1.example", "joe@a-b.example.com", "joe@a--b.example.com", "x@y.invalidtld", "joe@example.museum",
        "andy.noble@data-workshop.example", "foo+bar@i.am.not.in.us.example.com", "a.b.c.d.e@example.com", "joe@xn--bcher-kva.example", "joe@example.xn--p1ai",

        // special characters that may stand unquoted, alone too
        "o'brien+tag@example.com", "joe$blow@example.org", "joe-@example.org", "joe_@example.org", "joe+@example.org", "joe!@example.org", "joe*@example.org",
        "joe'@example.org", "joe%45@example.org", "joe?@example.org", "joe&@example.org", "joe=@example.org", "joe#@example.org", "joe/@example.org",
        "joe^@example.org", "joe`@example.org", "joe{@example.org", "joe|@example.org", "joe}@example.org", "joe~@example.org",
        "+joe@example.org", "!joe@example.org", "*joe@example.org", "'joe@example.org", "%joe45@example.org", "?joe@example.org", "&joe@example.org", "=joe@example.org",
        "+@example.org", "!@example.org", "*@example.org", "'@example.org", "%@example.org", "?@example.org", "&@example.org", "=@example.org", "---@example.com",
        "-@example.com", "_@example.com", "abc-def@example.com", "abc_def@example.com",

        // quoted local parts
        "\"joe.\"@example.org", "\".joe\"@example.org", "\"joe+\"@example.org", "\"joe(\"@example.org", "\"joe)\"@example.org", "\"joe,\"@example.org", "\"joe;\"@example.org",
        "\"joe blow\"@example.org", "\"joe@blow\"@example.org", "\"..\"@example.org", "\"\"@example.org", "\" \"@example.org", "\"john\\\"doe\"@example.org",
        "\"a\\\\\"@example.org", "\"a\\\"@example.org", "\"a\\\"b\"@example.org", "\"a\\\".\"b\"@example.org", "\"127.0.0.1\"@[127.0.0.1]", "a.\"b c\".d@example.org", "\"a\".\"b\"@example.org",

        // escaped
        "Abc\\@def@example.com", "space\\ monkey@example.com", "\\>escape\\\\special\\^characters\\<@example.com", "a\\.@example.com", "\\a@example.com", "a\\\"b@example.com",

        // letters beyond ASCII
        "jörg@example.com", "用户@example.com", "joe@bücher.example", "joe@例子.example", "joe@例子.测试", "joe@faß.example", "joe@пример.рф", "joe@مثال.example",
        "joe@例子。example", "joe@e\u0301t\u00e9.example", "\U0001F600@example.com", "joe@\u2665.example",

        // literals
        "a@[1.2.3.4]", "someone@[216.109.118.76]", "a@[0.0.0.0]", "a@[255.255.255.255]", "a@[::]", "a@[::1]", "a@[2001:db8::1]", "a@[2001:db8:0:0:0:0:0:1]",
        "a@[1:2:3:4:5:6:7::]", "a@[::2:3:4:5:6:7:8]", "a@[1:2:3:4::6:7:8]", "a@[::ffff:129.144.52.38]", "a@[1:2:3:4:5:6:1.2.3.4]", "a@[fe80::1%eth0]", "a@[2001:db8::/32]",
        "a@[IPv6:2001:db8::1]", "a@[ipv6:::1]",

        // limits
        $"{Local64}@example.com", "john56789.john56789.john56789.john56789.john56789.john56789.john@example.com", $"joe@{Label63}.example",
        $"joe@{Label63}.{Label63}.{Label63}.{new string('c', 61)}", $"joe@{new string('ü', 50)}.example",
    ];

    public static TheoryData<string> InvalidAddresses =>
    [
        // no address at all
        "", " ", "plain", "@", "@@", "@x.com", "joe@", "joe", "example.com", "joe@@example.com", "a@b@example.com", "Abc@def@example.com", "joe <joe@example.com>", "joe@example.com,ann@example.com",
        "mailto:joe@example.com", "(comment)joe@example.com", "joe(comment)@example.com",

        // white space, the outer one too: trimming is the caller's
        " joe@example.com", "joe@example.com ", "user @example.com", "joe blow@example.com", "joe@ example.com", "joe@exam ple.com", "joe@example.com\n", "\njoe@example.com", "joe\u00a0@exam\u00a0ple.com",

        // dots
        ".a@x.com", "a.@x.com", "joe..b@x.com", ".@x.com", "..@x.com", "joe@.example.com", "joe@example..com", "joe@example.com.", "joe@.", "joe@..", "joe@example.com。",

        // special characters that must be quoted
        "joe(@example.org", "joe)@example.org", "joe,@example.org", "joe;@example.org", "joe:@example.org", "joe<@example.org", "joe>@example.org", "joe[@example.org", "joe]@example.org",
        "joe\"@example.org", "joe\"b@example.org", "\"joe@example.org", "\"joe\"b@example.org", "\"a\"b\"@example.org", "a\"b\"@example.org", "\"a\".@example.org", ".\"a\"@example.org",
        "\"\\\"b@example.org", "a\\@example.org", "\\@example.org", "\"a\\\".b\"c@example.org",

        // control characters
        "foo\0bar@example.com", "foo\tbar@example.com", "foo\u007fbar@example.com", "\"foo\0bar\"@example.com", "foo\\\0bar@example.com", "foo\u0085bar@example.com", "foo\u2028bar@example.com",
        "joe@exam\0ple.com", "andy.noble@\u008fdata-workshop.example",

        // host names
        "joe@localhost", "joe@com", "a@-x.com", "a@x-.com", "a@x.-com", "a@x.com-", "a@x_y.com", "abc@abc_def.com", "joe@example+3.com", "andy@o'reilly.example.com", "test@%*.com", "test@^&#.com",
        "joeblow@apa,che.example", "joe@example.c", "joe@example.1", "joe@example.c0m", "joe@yahoo.mu-seum", "joe@data-workshop.c-om", "joe@data-workshop.co-m", "joe@1.2.3.4", "joe@example.xn--",
        "joe@a..b", "joe@exa/mple.com", "joe@example.com:25", "joe@exam\u2028ple.com", "joe@b\u00a0cher.example", "joe@ü_x.example", "joe@ü..example", "joe@.ü", "joe@ü", "joe@xn--ü.example",
        "joe@\ufffd.example", "joe@-ü.example.com-",

        // literals
        "a@[]", "a@[1.2.3]", "a@[1.2.3.4.5]", "a@[1.2.3.256]", "a@[1.2.3.04]", "a@[01.2.3.4]", "a@[1.2.3.]", "a@[.1.2.3]", "a@[1.2.3.4", "a@1.2.3.4]", "a@[1.2.3.4].com", "a@[example.com]", "a@[1,2,3,4]",
        "a@[1.2.3.1000]", "a@[0x1.2.3.4]", "a@[:]", "a@[:::]", "a@[1::2::3]", "a@[1:2:3:4:5:6:7]", "a@[1:2:3:4:5:6:7:8:9]", "a@[1:2:3:4:5:6:7:8::]", "a@[::1:2:3:4:5:6:7:8]", "a@[12345::]", "a@[g::]",
        "a@[:1:2:3:4:5:6:7]", "a@[1:2:3:4:5:6:7:]", "a@[::1.2.3]", "a@[1.2.3.4::]", "a@[::1.2.3.4:5]", "a@[1:2:3:4:5:6:7:1.2.3.4]", "a@[::1/129]", "a@[::1/]", "a@[::1/1/2]", "a@[::1%]", "a@[::1%a%b]",
        "a@[IPv6:1.2.3.4]", "a@[IPv6:]", "a@[IPv5:::1]",

        // limits
        $"{Local64}a@example.com", "john56789.john56789.john56789.john56789.john56789.john56789.john5@example.com", $"joe@{Label63}b.example", $"joe@example.{Label63}b",
        $"joe@{Label63}.{Label63}.{Label63}.{new string('c', 62)}", $"joe@{new string('ü', 60)}.example", $"\"{Local64}\"@example.com",
    ];

    [Theory]
    [MemberData(nameof(ValidAddresses))]
    public void A_valid_address_is_taken(string address) => Assert.True(EmailForm.IsValid(address));

    [Theory]
    [MemberData(nameof(InvalidAddresses))]
    public void An_invalid_address_is_refused(string address) => Assert.False(EmailForm.IsValid(address));

    // not in the tables: a test runner can't write them down
    [Theory]
    [InlineData(new[] { 'a', '\ud83d', '@' }, "example.com")]
    [InlineData(new[] { '\udc00', 'a', '@' }, "example.com")]
    [InlineData(new[] { 'a', '@', '\ud83d' }, ".example")]
    public void Half_a_surrogate_pair_is_refused(char[] start, string rest)
    {
        ArgumentNullException.ThrowIfNull(start);
        Assert.False(EmailForm.IsValid(new string(start) + rest));
    }

    [Fact]
    public void No_control_character_is_taken_anywhere()
    {
        foreach (var c in Enumerable.Range(0, 32).Append(127).Select(i => (char)i))
        {
            Assert.False(EmailForm.IsValid($"foo{c}bar@example.com"));
            Assert.False(EmailForm.IsValid($"\"foo{c}bar\"@example.com"));
            Assert.False(EmailForm.IsValid($"foo@exam{c}ple.com"));
        }
    }

    [Fact]
    public void Any_text_gets_an_answer()
        => Gen.Select(Gen.String, Gen.Char["@@@..\"\\[]:-üa1"].Array[0, 40]).Sample((text, chars) =>
        {
            EmailForm.IsValid(text);
            EmailForm.IsValid(chars);
            EmailForm.IsValid("a@" + text);
            EmailForm.IsValid("a@[" + new string(chars) + "]");
        });

    [Fact]
    public void Letters_case_decides_nothing()
        => Gen.Char["abXY12.-_\"\\ @ü"].Array[1, 12].Select(c => new string(c) + "@Example.com").Sample(
            address => EmailForm.IsValid(address) == EmailForm.IsValid(address.ToLowerInvariant()));

    [Fact]
    public void Words_joined_by_dots_are_a_local_part()
        => Gen.OneOf(
                Gen.Char["abc'+-_"].Array[1, 6].Select(c => new string(c)),
                Gen.Char["a .@(),"].Array[0, 6].Select(c => '"' + new string(c) + '"'),
                Gen.Char["a .@()\"\\"].Select(c => "\\" + c))
            .Array[1, 5].Select(words => string.Join('.', words)).Where(local => local.Length <= 64)
            .Sample(local => EmailForm.IsValid(local + "@example.com") && !EmailForm.IsValid(local + ".@example.com") && !EmailForm.IsValid("." + local + "@example.com"));
}

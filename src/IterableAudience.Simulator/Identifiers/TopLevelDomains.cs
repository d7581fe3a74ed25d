using System.Collections.Frozen;
using System.Text;

namespace IterableAudience.Simulator.Identifiers;

/// <summary>
/// The top-level domains the simulator knows: all country codes and the generic ones that people's addresses have. Iterable checks against the whole
/// list of the IANA, so a rare generic domain is refused here and taken there.
/// </summary>
internal static class TopLevelDomains
{
    private const string Countries =
        "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co "
        + "cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn "
        + "hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm "
        + "mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb "
        + "sc sd se sg sh si sj sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn "
        + "vu wf ws ye yt za zm zw";

    private const string Generic =
        "com org net edu gov mil int arpa info biz name pro aero asia cat coop jobs mobi museum post tel travel xxx academy agency ai app art audio band "
        + "bank bar beer berlin best bike bio blog boutique build business cafe capital care careers cash center chat church city click clinic cloud club "
        + "codes coffee community company computer consulting cool credit dance data dating deals delivery design dev digital direct directory doctor dog "
        + "domains earth eco education email energy engineer engineering enterprises estate events exchange expert express family farm fashion finance "
        + "fit fitness foundation fun fund futbol fyi gallery game games garden gift global gmbh gold golf green group guide guru hamburg health hiphop "
        + "holdings holiday host hotel house icu immo inc ink institute insurance international investments kitchen land law legal life lighting limited "
        + "link live loan lol london love ltd ltda luxury management market marketing markets mba media men moda moe money museum network news nrw nyc "
        + "one online page paris partners parts party photo photography photos pics pizza place plus poker press productions properties pub quebec racing "
        + "realty recipes red rent repair report rest restaurant review reviews rocks run sale salon school science security services sexy shoes shop "
        + "shopping show site ski social software solar solutions space store stream studio style support surf swiss systems tax taxi team tech technology "
        + "tennis tips tires today tokyo tools top tours town toys trade training university vacations ventures vet video villas vin vip vision vote wales "
        + "wang watch webcam website wedding wien wiki win wine work works world wtf xyz yoga zone "
        + "xn--p1ai xn--fiqs8s xn--j6w193g xn--90ais xn--j1amh xn--80asehdb xn--3e0b707e xn--wgbh1c xn--qxam xn--h2brj9c xn--mgbaam7a8h xn--kprw13d";

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Known =
        (Countries + ' ' + Generic).Split(' ').ToFrozenSet(StringComparer.OrdinalIgnoreCase).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Whether a label of at most 63 ASCII characters is a known top-level domain.</summary>
    public static bool Contains(ReadOnlySpan<byte> label)
    {
        Span<char> chars = stackalloc char[label.Length];
        Encoding.ASCII.GetChars(label, chars);
        return Known.Contains(chars);
    }
}

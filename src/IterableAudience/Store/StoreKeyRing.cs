using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using Microsoft.EntityFrameworkCore;

namespace IterableAudience.Store;

/// <summary>Keeps the key ring in the store; used only when the keys are encrypted to a certificate, since keys and what they protect belong apart.</summary>
internal sealed class StoreKeyRing(Func<StoreContext> open) : IXmlRepository
{
    private const string Prefix = "key-ring:";

    public IReadOnlyCollection<XElement> GetAllElements()
    {
        using var db = open();
        return [.. db.Settings.AsNoTracking().Where(s => s.Name.StartsWith(Prefix)).Select(s => s.Value).AsEnumerable().Select(XElement.Parse)];
    }

    public void StoreElement(XElement element, string friendlyName)
    {
        using var db = open();
        db.Settings.Add(new Setting { Name = Prefix + friendlyName, Value = element.ToString(SaveOptions.DisableFormatting) });
        db.SaveChanges();
    }
}

using System.Data.Common;

namespace IterableAudience.Store;

/// <summary>
/// The store does not have what it took: a PostgreSQL server has crashed meanwhile and come back without its last, not forced, transactions, and this process
/// has lived on. What was built on them is begun anew, or ended.
/// </summary>
internal sealed class StoreForgotException() : DbException("the server has crashed and lost what it had only just taken.");
